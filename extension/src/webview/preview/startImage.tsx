// The picture that the next clip begins with.
import type { JSX } from "preact";
import type { PreviewState } from "../../shared/protocol";
import { Icon, IconButton } from "./iconButton";
import { Picture } from "./picture";
import type { Send } from "./outputMenu";

const MOST_BYTES = 20 * 1024 * 1024;

interface Props {
  readonly image: NonNullable<PreviewState["startImage"]>;
  /** Whether the chosen model begins with a picture */
  readonly usable: boolean;
  readonly send: Send;
}

export function StartImage({ image, usable, send }: Props): JSX.Element {
  return (
    <div class="start-image">
      <Picture url={image.url} alt="" still />
      <span class="title" title={image.path}>
        {usable ? `Starts with ${image.name}` : "This model cannot start with a picture; it is left out."}
      </span>
      {!usable && <Icon name="warning" />}
      <IconButton
        icon="close"
        label="Remove Start Image"
        onClick={() => {
          void send({ type: "clearStartImage" });
        }}
      />
    </div>
  );
}

/** What a dropped file is sent as; a sentence when it cannot be. */
export async function readDropped(file: File): Promise<{ name: string; data: string } | string> {
  if (!file.type.startsWith("image/")) {
    return `${file.name} is not a picture.`;
  }
  if (file.size > MOST_BYTES) {
    return `${file.name} is larger than 20 MB.`;
  }
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => {
      const url = typeof reader.result === "string" ? reader.result : "";
      resolve({ name: file.name, data: url.slice(url.indexOf(",") + 1) });
    };
    reader.onerror = () => {
      resolve(`${file.name} cannot be read.`);
    };
    reader.readAsDataURL(file);
  });
}
