// Where videos are made, and what can be made there or why nothing can.
import type { JSX } from "preact";
import { DEVICE_NAMES, likelyDevice } from "../../shared/devices";
import type { DeviceChoice } from "../../shared/protocol";
import type { Device } from "../../worker/contract";
import type { Send } from "./page";
import { Sentence } from "./sentence";

interface Props {
  readonly devices: readonly Device[];
  readonly chosen: string;
  readonly send: Send;
}

export function Choices({ devices, chosen, send }: Props): JSX.Element {
  const automatic = likelyDevice(devices, "auto");
  const choose = (device: DeviceChoice) => () => void send({ type: "choose", device });
  return (
    <section class="card" aria-labelledby="choices">
      <div class="card-head">
        <h2 id="choices">Where new videos are made</h2>
      </div>
      <div role="radiogroup" aria-labelledby="choices">
        <Choice
          title="Automatic"
          detail={`${automatic === null ? "" : `Now: ${automatic}. `}An NVIDIA GPU where there is one, else the CPU; boards are used when they are chosen.`}
          badge={null}
          models={null}
          checked={chosen === "auto"}
          enabled
          onChoose={choose("auto")}
        />
        {devices.map((device) => (
          <Choice
            key={device.id}
            title={DEVICE_NAMES[device.id]}
            detail={device.detail}
            badge={!device.available ? "not available" : device.holder === null ? null : `in use by ${device.holder}`}
            models={modelsOf(device)}
            checked={chosen === device.id}
            enabled={device.available}
            onChoose={choose(device.id)}
          />
        ))}
      </div>
    </section>
  );
}

function modelsOf({ available, models, otherModels }: Device): string | null {
  if (models.length === 0) {
    return "No model runs there as it is now.";
  }
  if (!available) {
    return null;
  }
  const others = otherModels.length === 0 ? "" : ` Not: ${otherModels.join(", ")}.`;
  return `Runs ${models.join(", ")}.${others}`;
}

interface ChoiceProps {
  readonly title: string;
  readonly detail: string;
  readonly badge: string | null;
  readonly models: string | null;
  readonly checked: boolean;
  readonly enabled: boolean;
  readonly onChoose: () => void;
}

function Choice({ title, detail, badge, models, checked, enabled, onChoose }: ChoiceProps): JSX.Element {
  return (
    <label class={`choice${enabled ? "" : " unavailable"}`}>
      <input type="radio" name="device" checked={checked} disabled={!enabled} onChange={onChoose} />
      <span>
        <span class="choice-title">
          {title}
          {badge !== null && <span class="badge">{badge}</span>}
        </span>
        <span class="choice-detail">
          <Sentence text={detail} />
        </span>
        {models !== null && !detail.includes(models) && <span class="choice-detail hint">{models}</span>}
      </span>
    </label>
  );
}
