/**
 * Reads what a provider SDK declares of its resource types and functions out of its type declarations, so that the local cloud
 * knows every property that the real provider has.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import type { PackageSchema, Schema } from "./definition.ts";
import type { ObjectShape, Shape } from "./shape.ts";

/** Which resource types and functions of a package to read, by token. */
export interface Selection {
  readonly name: string;
  readonly resources: readonly string[];
  readonly functions: readonly string[];
}

/** Reads the selected types of the package in `node_modules/@pulumi/NAME` below `root`. */
export function extractSchema(root: string, { name, resources, functions }: Selection): PackageSchema {
  const sdk = new Sdk(join(root, "node_modules/@pulumi", name));
  return {
    name,
    version: sdk.version,
    config: sdk.interfaceShape("provider", "ProviderArgs"),
    resources: byToken(resources, (file, type) => ({
      inputs: sdk.interfaceShape(file, `${type}Args`),
      outputs: sdk.classShape(file, type),
    })),
    functions: byToken(functions, (file, type) => {
      const title = type.charAt(0).toUpperCase() + type.slice(1);
      return {
        inputs: sdk.interfaceShape(file, `${title}Args`),
        outputs: sdk.interfaceShape(file, `${title}Result`),
      };
    }),
  };
}

/** `aws:ec2/eip:Eip` is the class `Eip` in `ec2/eip.d.ts`; the module `index` is the package's root. */
function byToken(
  tokens: readonly string[],
  read: (file: string, type: string) => Schema,
): Record<string, Schema> {
  return Object.fromEntries(
    tokens.map((token) => {
      const [, file = "", type = ""] = token.split(":");
      return [token, read(file.replace(/^index\//, ""), type)];
    }),
  );
}

type Members = ts.NodeArray<ts.TypeElement | ts.ClassElement>;

/** The declarations of one SDK. */
class Sdk {
  readonly #folder: string;
  readonly #files = new Map<string, ts.SourceFile>();
  /** Nested types are found by their namespace path, such as `input.ec2.InstanceRootBlockDevice`. */
  readonly #nested = new Map<string, ts.InterfaceDeclaration>();

  constructor(folder: string) {
    this.#folder = folder;
    for (const side of ["input", "output"]) {
      if (existsSync(join(folder, `types/${side}.d.ts`)))
        this.#index(this.#file(`types/${side}`).statements, [side]);
    }
  }

  get version(): string {
    return (JSON.parse(readFileSync(join(this.#folder, "package.json"), "utf8")) as { version: string })
      .version;
  }

  interfaceShape(file: string, name: string): ObjectShape {
    const found = this.#file(file).statements.find(
      (node) => ts.isInterfaceDeclaration(node) && node.name.text === name,
    );
    // A function without arguments has no interface for them.
    return found === undefined ? {} : this.#membersShape((found as ts.InterfaceDeclaration).members);
  }

  classShape(file: string, name: string): ObjectShape {
    const found = this.#file(file).statements.find(
      (node) => ts.isClassDeclaration(node) && node.name?.text === name,
    );
    if (found === undefined) throw new Error(`${this.#folder}/${file}.d.ts declares no class ${name}`);
    return this.#membersShape((found as ts.ClassDeclaration).members);
  }

  #file(name: string): ts.SourceFile {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const path = join(this.#folder, `${name}.d.ts`);
    const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest);
    this.#files.set(name, file);
    return file;
  }

  #index(statements: ts.NodeArray<ts.Statement>, path: readonly string[]): void {
    for (const node of statements) {
      if (ts.isInterfaceDeclaration(node)) this.#nested.set([...path, node.name.text].join("."), node);
      if (ts.isModuleDeclaration(node) && node.body !== undefined && ts.isModuleBlock(node.body)) {
        this.#index(node.body.statements, [...path, node.name.text]);
      }
    }
  }

  #membersShape(members: Members): ObjectShape {
    const properties = members.flatMap((member): [string, Shape][] => {
      if (!ts.isPropertySignature(member) && !ts.isPropertyDeclaration(member)) return [];
      if (member.type === undefined || !ts.isIdentifier(member.name)) return [];
      const isOptional = member.questionToken !== undefined || allowsUndefined(member.type);
      return [[`${member.name.text}${isOptional ? "?" : ""}`, this.#typeShape(member.type)]];
    });
    return Object.fromEntries(properties);
  }

  #typeShape(type: ts.TypeNode): Shape {
    switch (type.kind) {
      case ts.SyntaxKind.StringKeyword:
        return "string";
      case ts.SyntaxKind.NumberKeyword:
        return "number";
      case ts.SyntaxKind.BooleanKeyword:
        return "boolean";
    }
    if (ts.isUnionTypeNode(type)) return this.#unionShape(type);
    if (ts.isArrayTypeNode(type)) return [this.#typeShape(type.elementType)];
    if (ts.isTypeLiteralNode(type)) return this.#literalShape(type);
    return ts.isTypeReferenceNode(type) ? this.#referenceShape(type) : "any";
  }

  /** Besides `undefined`, unions offer enumerations, resources and documents in place of a string: a string does for all. */
  #unionShape(type: ts.UnionTypeNode): Shape {
    const shapes = type.types
      .filter((part) => part.kind !== ts.SyntaxKind.UndefinedKeyword)
      .map((part) => this.#typeShape(part));
    return shapes.includes("string") ? "string" : (shapes[0] ?? "any");
  }

  #literalShape(type: ts.TypeLiteralNode): Shape {
    const index = type.members.find(ts.isIndexSignatureDeclaration);
    return index === undefined ? this.#membersShape(type.members) : { "*": this.#typeShape(index.type) };
  }

  #referenceShape(type: ts.TypeReferenceNode): Shape {
    const name = entityName(type.typeName);
    const [argument] = type.typeArguments ?? [];
    if (argument !== undefined && /^pulumi\.(Input|Output)$/.test(name)) return this.#typeShape(argument);
    const nested = this.#nested.get(name.replace(/^(input|output)s\./, "$1."));
    // Enumerations, ARNs and references to resources are strings on the wire.
    return nested === undefined ? "string" : this.#membersShape(nested.members);
  }
}

/** Whether a type, looked at through Input and Output, includes `undefined`. */
function allowsUndefined(type: ts.TypeNode): boolean {
  if (ts.isUnionTypeNode(type))
    return type.types.some((part) => part.kind === ts.SyntaxKind.UndefinedKeyword);
  const argument = ts.isTypeReferenceNode(type) ? type.typeArguments?.[0] : undefined;
  return argument !== undefined && allowsUndefined(argument);
}

function entityName(name: ts.EntityName): string {
  return ts.isIdentifier(name) ? name.text : `${entityName(name.left)}.${name.right.text}`;
}
