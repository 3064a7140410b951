// Machines with and without boards, as the worker tells them.
import type { DeviceStatus } from "../../../extension/src/worker/contract";
import changed from "../../contract/golden/event.device-changed.json";
import status from "../../contract/golden/method.device-status.json";

/** An n300 that `python demo.py` uses, without ttnn. */
export const n300 = status.result as DeviceStatus;
/** The same, and its first chip does not answer. */
export const deadChip = changed.params as DeviceStatus;

export const noBoard: DeviceStatus = {
  ...n300,
  title: "",
  system: null,
  boards: [],
  problems: [
    {
      severity: "information",
      message: "No Tenstorrent board was found on this machine.",
      hint: "If a board is built in, see whether `lspci -d 1e52:` shows it.",
    },
  ],
};

export const noDriver: DeviceStatus = {
  ...noBoard,
  problems: [
    {
      severity: "error",
      message: "There is 1 Tenstorrent device on PCI (0000:01:00.0), but the driver, tt-kmd, is not loaded.",
      hint: "Install it as https://docs.tenstorrent.com/getting-started says.",
    },
  ],
};

export const simulated: DeviceStatus = {
  ...n300,
  simulated: true,
  title: `SIMULATED ${n300.title}`,
  boards: n300.boards.map((board) => ({
    type: board.type,
    serial: null,
    chips: board.chips.map((chip) => ({
      ...chip,
      bus: null,
      celsius: null,
      watts: null,
      megahertz: null,
      firmware: null,
      holders: [],
    })),
  })),
  problems: [{ severity: "information", message: "The boards are simulated.", hint: "Unset TTVIDEO_BOARD." }],
};
