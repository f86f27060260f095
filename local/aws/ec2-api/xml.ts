import { isJsonObject, type Json, type JsonObject } from "../../store.ts";
import { API_VERSION } from "./query.ts";

/** EC2's answer to a call: each item of a list is an `item`; what is null or an empty text is left out. */
export function answerXml(action: string, requestId: string, answer: JsonObject): string {
  const content = elements({ requestId, ...answer });
  return `${PROLOGUE}<${action}Response xmlns="http://ec2.amazonaws.com/doc/${API_VERSION}/">${content}</${action}Response>`;
}

/** EC2's refusal of a call (EC2 API Reference, "Error codes"). */
export function errorXml(code: string, message: string, requestId: string): string {
  const error = elements({ Code: code, Message: message });
  return `${PROLOGUE}<Response><Errors><Error>${error}</Error></Errors>${elements({ RequestID: requestId })}</Response>`;
}

const PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n';

function elements(object: JsonObject): string {
  return Object.entries(object)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `<${name}>${contentOf(value)}</${name}>`)
    .join("");
}

function contentOf(value: Json): string {
  if (isJsonObject(value)) return elements(value);
  if (Array.isArray(value))
    return (value as readonly Json[]).map((item) => `<item>${contentOf(item)}</item>`).join("");
  return `${value as string | number | boolean}`.replace(
    /[&<>"\r]/g,
    (character) => `&#${character.charCodeAt(0)};`,
  );
}
