import type { Json } from "../store.ts";
import { checkShape } from "./check-shape.ts";
import type { ConfigFault, ProviderDefinition } from "./definition.ts";
import { formatPlace, propertiesOf } from "./shape.ts";
import type { ObjectShape } from "./shape.ts";
import { isKnown } from "./values.ts";
import type { Properties, Value } from "./values.ts";

/** Settings of every provider that the engine deals with itself. */
const ENGINE_SETTINGS: readonly string[] = ["version", "pluginDownloadURL", "pluginChecksums", "__internal"];

/** A provider's settings as they are meant: the engine sends all but strings as JSON in a string. */
export function parseSettings(settings: Properties, shape: ObjectShape): Properties {
  const strings = new Set(
    propertiesOf(shape).flatMap(({ name, shape: type }) => (type === "string" ? [name] : [])),
  );
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([name]) => !ENGINE_SETTINGS.includes(name))
      .map(([name, value]) => [
        name,
        typeof value === "string" && !strings.has(name) ? parseJson(value) : value,
      ]),
  );
}

/** All that is wrong with a provider's settings. */
export function checkSettings(definition: ProviderDefinition, sent: Properties): readonly ConfigFault[] {
  const settings = parseSettings(sent, definition.config);
  const faults = checkShape(settings, definition.config).map(({ place, reason }) => ({
    property: String(place.steps[0]),
    reason: `${formatPlace(place)}: ${reason}`,
  }));
  if (faults.length > 0) return faults;
  // With a setting unknown there is nothing to judge yet: the engine asks again in up.
  return isKnown(settings) ? (definition.checkConfig?.(settings) ?? []) : [];
}

function parseJson(text: string): Value {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
