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
    case "preflight":
      return (
        hasOnly(rest, "model", "board", "parameters") &&
        "model" in rest &&
        isName(rest.model) &&
        "board" in rest &&
        isName(rest.board) &&
        "parameters" in rest &&
        areNumbers(rest.parameters)
      );
    case "command":
      return hasOnly(rest, "command") && "command" in rest && isOneOf(rest.command, DEVICE_COMMANDS);
    default:
      return false;
  }
}

function hasOnly(rest: object, ...fields: readonly string[]): boolean {
  return Object.keys(rest).every((key) => fields.includes(key));
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "" && value.length <= 200;
}

function areNumbers(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.keys(value).length <= 20 &&
    Object.entries(value).every(([key, each]) => isName(key) && typeof each === "number" && Number.isFinite(each))
  );
}

function isOneOf<Choice extends string>(value: unknown, choices: readonly Choice[]): value is Choice {
  return choices.some((choice) => choice === value);
}
