import { render } from "preact";
import type { PreviewMessage, PreviewState } from "../../shared/protocol";
import { openChannel } from "../channel";
import { App } from "./app";
import { Memory } from "./kept";
import "@vscode/codicons/dist/codicon.css";
import "./base.css";
import "./stage.css";
import "./jobs.css";
import "./prompt.css";

const channel = openChannel<PreviewMessage, PreviewState>();
const memory = new Memory(channel);
const root = document.getElementById("root") ?? document.body;

channel.onState((state) => {
  render(<App state={state} channel={channel} memory={memory} />, root);
});
void channel.send({ type: "ready" });
