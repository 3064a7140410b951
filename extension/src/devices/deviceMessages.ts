// Which messages of the page Hardware are well-formed.
import { DEVICE_CHOICES, DEVICE_COMMANDS, type DeviceMessage } from "../shared/protocol";

export function isDeviceMessage(value: unknown): value is DeviceMessage {
  if (typeof value !== "object" || value === null || !("type" in value)) {
    return false;
  }
  const { type, ...rest } = value;
  switch (type) {
    case "ready":
    case "look":
    case "copyEnvironment":
      return hasOnly(rest);
    case "choose":
      return hasOnly(rest, "device") && "device" in rest && isOneOf(rest.device, DEVICE_CHOICES);
    case "command":
      return hasOnly(rest, "command") && "command" in rest && isOneOf(rest.command, DEVICE_COMMANDS);
    default:
      return false;
  }
}

function hasOnly(rest: object, ...fields: readonly string[]): boolean {
  return Object.keys(rest).every((key) => fields.includes(key));
}

function isOneOf<Choice extends string>(value: unknown, choices: readonly Choice[]): value is Choice {
  return choices.some((choice) => choice === value);
}
