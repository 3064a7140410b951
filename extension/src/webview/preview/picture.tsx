import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props {
  readonly url: string;
  readonly alt: string;
  /** Show a moving picture's first frame only */
  readonly still?: boolean;
  readonly lazy?: boolean;
  readonly onBroken?: () => void;
}

export function Picture({ url, alt, still = false, lazy = false, onBroken }: Props): JSX.Element {
  return still ? (
    <Still url={url} alt={alt} onBroken={onBroken} />
  ) : (
    <img src={url} alt={alt} loading={lazy ? "lazy" : "eager"} draggable={false} onError={onBroken} />
  );
}

/** A canvas draws the first frame of whatever it is given, and so it does not move. */
function Still({ url, alt, onBroken }: Pick<Props, "url" | "alt"> & { readonly onBroken: (() => void) | undefined }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let wanted = true;
    const image = new Image();
    image.onload = () => {
      const context = canvas.current?.getContext("2d");
      if (wanted && context) {
        context.canvas.width = image.naturalWidth;
        context.canvas.height = image.naturalHeight;
        context.drawImage(image, 0, 0);
      }
    };
    image.onerror = () => {
      if (wanted) {
        onBroken?.();
      }
    };
    image.src = url;
    return () => {
      wanted = false;
    };
  }, [url]);
  return alt ? <canvas ref={canvas} role="img" aria-label={alt} /> : <canvas ref={canvas} aria-hidden="true" />;
}

/** A picture that is replaced while it is looked at: the next one is shown when it is there, whole. */
export function LivePicture({
  url,
  alt,
  still,
}: {
  readonly url: string;
  readonly alt: string;
  readonly still: boolean;
}) {
  const [shown, setShown] = useState<string | null>(null);
  useEffect(() => {
    let wanted = true;
    const next = new Image();
    next.onload = () => {
      if (wanted) {
        setShown(url);
      }
    };
    next.src = url;
    return () => {
      wanted = false;
    };
  }, [url]);
  return shown === null ? <div class="live-empty" /> : <Picture url={shown} alt={alt} still={still} />;
}
