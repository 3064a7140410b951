import { render } from "preact";
import type { DeviceMessage, DevicePageState } from "../../shared/protocol";
import { openChannel } from "../channel";
import { Page } from "./page";
import "@vscode/codicons/dist/codicon.css";
import "../preview/base.css";
import "./devices.css";
import "./preflight.css";

const channel = openChannel<DeviceMessage, DevicePageState>();
const root = document.getElementById("root") ?? document.body;

channel.onState((state) => {
  render(<Page state={state} channel={channel} />, root);
});
void channel.send({ type: "ready" });
