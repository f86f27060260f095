import { describe, expect, it } from "vitest";
import { readUserData, type Setting } from "../../policy/user-data.ts";

const set = (value: string): Setting => ({ kind: "set", value });
const undetermined: Setting = { kind: "undetermined" };
const unset: Setting = { kind: "unset" };

/** The name that a script gives Postfix. */
const myhostname = (...lines: readonly string[]) =>
  readUserData(`#!/bin/bash\n${lines.join("\n")}\n`, undefined).parameter("myhostname");

type Cases = readonly (readonly [title: string, lines: readonly string[], expected: Setting])[];

const a = set("a.example.com");
const b = set("b.example.com");

describe("postconf", () => {
  const cases: Cases = [
    ["sets with -e", ["postconf -e 'myhostname = a.example.com'"], a],
    ["sets without -e", ["postconf myhostname=a.example.com"], a],
    ["sets several at once", ["postconf -e x=y myhostname=a.example.com z=1"], a],
    ["takes options together", ["postconf -ev myhostname=a.example.com"], a],
    [
      "is found by its path, after sudo",
      ["sudo -u root -E /usr/sbin/postconf -e myhostname=a.example.com"],
      a,
    ],
    ["is found after env and assignments", ["LC_ALL=C env A=b postconf -e myhostname=a.example.com"], a],
    ["is found over several lines", ["postconf -e \\", "  myhostname=a.example.com"], a],
    [
      "sets what comes later",
      ["postconf -e myhostname=b.example.com", "postconf -e myhostname=a.example.com"],
      a,
    ],
    ["removes with -X", ["postconf -e myhostname=b.example.com x=1", "postconf -X myhostname"], unset],
    ["comments out with -#", ["postconf -e myhostname=b.example.com x=1", "postconf -# myhostname"], unset],
    ["only prints with -o", ["postconf -e x=1", "postconf -o myhostname=b.example.com -x"], unset],
    ["only prints a name", ["postconf -e myhostname=a.example.com", "postconf -h myhostname"], a],
    [
      "may configure another instance",
      ["postconf -e myhostname=a.example.com", "postconf -c /etc/postfix-in -e myhostname=b.example.com"],
      a,
    ],
    ["takes the folder of this instance", ["postconf -c /etc/postfix/ -e myhostname=a.example.com"], a],
    ["is in a comment", ["postconf -e x=1", "# postconf -e myhostname=b.example.com"], unset],
    ["is text of another command", ["postconf -e x=1", "echo postconf -e myhostname=b.example.com"], unset],
    ["sets what can't be known", ['postconf -e "$SETTING"'], undetermined],
    [
      "sets something unknown before what is certain",
      ['postconf -e "$SETTING"', "postconf -e myhostname=a.example.com"],
      a,
    ],
  ];
  it.each(cases)("%s", (_, lines, expected) => {
    expect(myhostname(...lines)).toEqual(expected);
  });
});

describe("files are written", () => {
  const path = "/etc/postfix/main.cf";
  const body = ["# comment", "myhostname = a.example.com"];
  const cases: Cases = [
    ["by a here-document", [`cat > ${path} <<EOF`, ...body, "EOF"], a],
    ["by a here-document before the file", [`cat <<'EOF' >${path}`, ...body, "EOF"], a],
    [
      "by an indented here-document",
      ["if true; then", `\tcat <<-EOF > ${path}`, ...body.map((line) => `\t${line}`), "\tEOF", "fi"],
      a,
    ],
    ["by two here-documents in one line", ["cat <<A >/x; cat <<B >" + path, "nothing", "A", ...body, "B"], a],
    ["by tee", [`sudo tee ${path} > /dev/null <<EOF`, ...body, "EOF"], a],
    [
      "by a pipe into tee -a",
      [`postconf -e myhostname=b.example.com`, `echo "myhostname = a.example.com" | sudo tee -a ${path}`],
      a,
    ],
    ["by echo >>", [`echo "myhostname = a.example.com" >> ${path}`], a],
    ["by printf", [`printf 'x = 1\\nmyhostname = %s\\n' a.example.com > ${path}`], a],
    ["by printf, line after line", [`printf '%s\\n' x=1 myhostname=a.example.com > ${path}`], a],
    ["by $'…'", [`echo $'x = 1\\nmyhostname = a.example.com' > ${path}`], a],
    ["from a folder entered before", ["cd /etc/postfix", "echo 'myhostname = a.example.com' > main.cf"], a],
    ["and copied", [`echo "myhostname = a.example.com" > /root/main.cf`, `cp /root/main.cf ${path}`], a],
    [
      "and copied into the folder",
      ["echo 'myhostname = a.example.com' > /root/main.cf", "install -m 644 /root/main.cf /etc/postfix/"],
      a,
    ],
    ["and moved", ["echo 'myhostname = a.example.com' > /root/x", `mv -f /root/x ${path}`], a],
    [
      "anew, which loses what was there",
      ["postconf -e myhostname=b.example.com", `echo x=1 > ${path}`],
      unset,
    ],
    ["and removed", ["postconf -e myhostname=b.example.com", `rm -f ${path}`, "postconf -e x=1"], unset],
    ["by sed, in place of a line", [`sed -i 's/^#\\?myhostname.*/myhostname = a.example.com/' ${path}`], a],
    [
      "by sed with another delimiter",
      [`sed -i -e 's|^myhostname = .*|myhostname = a.example.com|g' ${path}`],
      a,
    ],
    [
      "by sed, which takes a line out",
      ["postconf -e myhostname=b.example.com x=1", `sed -i '/^myhostname/d' ${path}`],
      unset,
    ],
    [
      "by sed in a way not understood",
      ["postconf -e myhostname=b.example.com", `sed -i 's/b/c/' ${path}`],
      undetermined,
    ],
    [
      "by sed -n, which writes nothing",
      ["postconf -e myhostname=a.example.com", `sed -n 's/a/b/p' ${path}`],
      a,
    ],
    [
      "by a command not followed",
      ["postconf -e myhostname=b.example.com", `curl -o ${path} https://example.org/`],
      undetermined,
    ],
    ["from the output of a command not followed", [`envsubst < /x > ${path}`], undetermined],
    ["from a file not seen", [`cp /opt/main.cf ${path}`], undetermined],
    [
      "and looked at by others",
      ["postconf -e myhostname=a.example.com", `grep x ${path}; chmod 644 ${path}; cat ${path}`],
      a,
    ],
    ["with errors going elsewhere", [`echo 'myhostname = a.example.com' 2>/dev/null >> ${path}`], a],
  ];
  it.each(cases)("%s", (_, lines, expected) => {
    expect(myhostname(...lines)).toEqual(expected);
  });
});

describe("words are expanded", () => {
  const cases: Cases = [
    ["by variables", ["NAME=a.example.com", "postconf -e myhostname=$NAME"], a],
    [
      "by variables in braces and quotes",
      ['DOMAIN="example.com"; export HOST=a', 'postconf -e "myhostname = ${HOST}.${DOMAIN}"'],
      a,
    ],
    ["by what stands in for an unset variable", ['postconf -e "myhostname=${NAME:-a.example.com}"'], a],
    ["by a variable of a variable", ["A=a", "B=$A.example.com", 'postconf -e "myhostname=$B"'], a],
    [
      "in a here-document",
      ["NAME=a.example.com", "cat > /etc/postfix/main.cf <<EOF", "myhostname = $NAME", "EOF"],
      a,
    ],
    [
      "not in a quoted here-document",
      ["cat > /etc/postfix/main.cf <<'EOF'", "mydomain = example.com", "myhostname = a.$mydomain", "EOF"],
      a,
    ],
    ["not in single quotes", ["postconf -e mydomain=example.com 'myhostname = a.$mydomain'"], a],
    ["not after a backslash", ['postconf -e mydomain=example.com "myhostname = a.\\$mydomain"'], a],
    [
      "by a file that was written",
      ["echo a.example.com > /etc/mailname", "postconf -e myhostname=$(cat /etc/mailname)"],
      a,
    ],
    [
      "by the host's name",
      ["hostnamectl set-hostname a.example.com", "postconf -e myhostname=`hostname -f`"],
      a,
    ],
    [
      "by parts of the host's name",
      ["hostnamectl set-hostname a.example.com", 'postconf -e "myhostname=$(hostname -s).$(hostname -d)"'],
      a,
    ],
    [
      "to nothing certain by other commands",
      ["postconf -e myhostname=$(curl http://169.254.169.254/)"],
      undetermined,
    ],
    ["to nothing certain by a variable from outside", ["postconf -e myhostname=$NAME"], undetermined],
    [
      "to nothing certain by an expansion not followed",
      ["N=x", "postconf -e myhostname=${N%x}a.example.com"],
      undetermined,
    ],
    ["to nothing certain by arithmetic", ["postconf -e myhostname=$((1 + 1)).example.com"], undetermined],
    [
      "to nothing certain by a loop's variable",
      ["for n in a b; do postconf -e myhostname=$n.example.com; done"],
      undetermined,
    ],
  ];
  it.each(cases)("%s", (_, lines, expected) => {
    expect(myhostname(...lines)).toEqual(expected);
  });
});

describe("conditions", () => {
  const sets = "postconf -e myhostname=a.example.com";
  const other = "postconf -e myhostname=b.example.com";
  const cases: Cases = [
    [
      "that ask whether Postfix is there are taken to hold",
      ["if [ -x /usr/sbin/postconf ]; then", sets, "fi"],
      a,
    ],
    ["make what they would change unknown", [other, "if [ -f /x ]; then", sets, "fi"], undetermined],
    ["change nothing by setting the same", [sets, "if [ -f /x ]; then", sets, "fi"], a],
    [
      "with two branches leave the outcome open",
      ["if [ -f /x ]; then", sets, "else", other, "fi"],
      undetermined,
    ],
    ["are over at fi", [other, "if [ -f /x ]; then echo; fi", sets], a],
    [
      "in case are conditions too",
      [other, "case $X in", "y) echo ;;", `(*) ${sets};;`, "esac"],
      undetermined,
    ],
    ["in loops are conditions too", [other, "while read x; do", sets, "done"], undetermined],
    ["in a function are conditions too", [other, "f() {", sets, "}"], undetermined],
    ["after || are conditions", [other, `true || ${sets}`], undetermined],
    ["after && are taken to hold", [other, `true && ${sets}`], a],
    ["don't reach past their line", [`false || true; ${sets}`], a],
    ["keep the rest of the file certain", [other, "postconf -e x=1", "if true; then postconf -e x=2; fi"], b],
    [
      "of a whole file leave its parameters open",
      [other, "if true; then cat > /etc/postfix/main.cf <<E", "myhostname = a.example.com", "E", "fi"],
      undetermined,
    ],
    ["make an exit uncertain, not the rest", ["[ -f /x ] || exit 1", sets], a],
    ["don't apply to an exit that comes anyway", [sets, "exit 0", other], a],
    ["don't apply inside braces or brackets", [other, `{ ${sets}; }`, `( echo )`], a],
  ];
  it.each(cases)("%s", (_, lines, expected) => {
    expect(myhostname(...lines)).toEqual(expected);
  });
});

describe("scripts inside scripts", () => {
  const cases: Cases = [
    ["are followed by sh -c", ["sh -c 'postconf -e myhostname=a.example.com'"], a],
    [
      "are followed by bash -lc after sudo",
      ["sudo bash -lc 'cd /etc/postfix && echo myhostname=a.example.com >> main.cf'"],
      a,
    ],
    ["are followed by eval", ["CMD='postconf -e myhostname=a.example.com'", 'eval "$CMD"'], a],
    [
      "are followed by their file",
      [
        "cat > /root/x.sh <<'E'",
        "postconf -e myhostname=a.example.com",
        "E",
        "chmod +x /root/x.sh",
        "sh /root/x.sh",
      ],
      a,
    ],
    ["are followed from standard input", ["sh <<E", "postconf -e myhostname=a.example.com", "E"], a],
  ];
  it.each(cases)("%s", (_, lines, expected) => {
    expect(myhostname(...lines)).toEqual(expected);
  });
});
