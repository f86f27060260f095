/** Postfix's settings as main.cf states them, by name; values aren't expanded. */
export type PostfixSettings = ReadonlyMap<string, string>;

/**
 * Reads main.cf (postconf(5)): a line that begins with a blank goes on where the last one stopped, a line whose first
 * character is "#" is a comment even in between, and of two settings of one name the later holds.
 */
export function readMainCf(text: string): PostfixSettings {
  const logical: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(#|$)/.test(line)) continue;
    if (/^\s/.test(line) && logical.length > 0) logical.push(`${logical.pop() ?? ""} ${line.trim()}`);
    else logical.push(line.trim());
  }
  const settings = new Map<string, string>();
  for (const line of logical) {
    const [, name, value] = /^([^\s=]+)\s*=\s*(.*)$/s.exec(line) ?? [];
    if (name !== undefined && value !== undefined) settings.set(name, value);
  }
  return settings;
}

/** Values that Postfix takes where main.cf has none, as far as they matter to a sending host. */
const DEFAULTS: PostfixSettings = new Map([
  ["smtp_helo_name", "$myhostname"],
  ["mydomain", ""],
  ["myorigin", "$myhostname"],
  ["non_smtpd_milters", ""],
  ["milter_default_action", "tempfail"],
  ["relayhost", ""],
  ["smtp_tls_security_level", ""],
]);

/** The deepest nesting of references that is followed; more is a loop. */
const MAX_DEPTH = 20;

/** A setting's value with `$name`, `${name}` and `$(name)` replaced. Throws on a loop of references. */
export function expandSetting(settings: PostfixSettings, name: string, depth = 0): string {
  if (depth > MAX_DEPTH) throw new Error(`main.cf: the settings around "${name}" refer to each other`);
  const value = settings.get(name) ?? DEFAULTS.get(name) ?? "";
  return value.replace(
    /\$(?:\$|(\w+)|\{(\w+)\}|\((\w+)\))/g,
    (whole, plain?: string, braced?: string, round?: string) => {
      const reference = plain ?? braced ?? round;
      return reference === undefined ? whole.slice(1) : expandSetting(settings, reference, depth + 1);
    },
  );
}
