// Drives one <video>: what the person wants, what the view allows, and where the clip stands.
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { OutputView } from "../../shared/protocol";
import type { Memory } from "./kept";
import { type Clip, clipOf, frameAt, timeOfFrame } from "./playback";

export interface Moment {
  readonly clip: Clip;
  readonly frame: number;
  readonly paused: boolean;
}

export interface Playback extends Moment {
  readonly toggle: () => void;
  readonly seek: (frame: number) => void;
  readonly step: (by: 1 | -1) => void;
  readonly hold: () => number;
}

class Player {
  private readonly ended = new AbortController();
  private wanted: boolean;
  private clip: Clip;

  /** `autoplay`: whether a clip that was not paused by hand plays by itself. */
  constructor(
    private readonly video: HTMLVideoElement,
    private readonly output: OutputView,
    private readonly memory: Memory,
    private readonly autoplay: boolean,
    private visible: boolean,
    private readonly onChange: (moment: Moment) => void,
  ) {
    this.wanted = autoplay;
    this.clip = clipOf(output.frames, output.fps, NaN);
    this.listen("loadedmetadata", this.begin);
    this.listen("play", this.follow);
    this.listen("pause", this.tell);
    this.listen("seeked", this.tell);
    this.listen("timeupdate", this.keepPlace);
    this.listen("ended", () => {
      this.wanted = false;
    });
  }

  dispose(): void {
    this.ended.abort();
  }

  setVisible(visible: boolean): void {
    if (this.visible !== visible) {
      this.visible = visible;
      this.run();
    }
  }

  toggle(): void {
    this.want(this.video.paused);
  }

  seek(frame: number): void {
    this.video.currentTime = timeOfFrame(this.clip, frame);
    this.tell();
  }

  step(by: 1 | -1): void {
    this.want(false);
    this.seek(frameAt(this.clip, this.video.currentTime) + by);
  }

  /** Stands still until `setVisible`, and tells at which frame. */
  hold(): number {
    this.video.pause();
    return frameAt(this.clip, this.video.currentTime);
  }

  private readonly begin = (): void => {
    this.clip = clipOf(this.output.frames, this.output.fps, this.video.duration);
    const { place } = this.memory.kept;
    if (place?.id === this.output.id) {
      this.video.currentTime = place.seconds;
      this.wanted = this.autoplay && !place.paused;
    }
    this.tell();
    this.run();
  };

  private want(play: boolean): void {
    this.wanted = play;
    this.keepPlace();
    this.run();
  }

  private run(): void {
    if (this.wanted && this.visible) {
      // Refused where the browser lets nothing play by itself; the person still can press Play.
      this.video.play().catch(() => undefined);
    } else {
      this.video.pause();
    }
  }

  private readonly keepPlace = (): void => {
    this.memory.keep({ place: { id: this.output.id, seconds: this.video.currentTime, paused: !this.wanted } });
  };

  private readonly tell = (): void => {
    const { clip, video } = this;
    this.onChange({ clip, frame: frameAt(clip, video.currentTime), paused: video.paused });
  };

  /** timeupdate comes four times a second, which is too coarse to follow a clip by. */
  private readonly follow = (): void => {
    this.tell();
    if (!this.video.paused && !this.ended.signal.aborted) {
      requestAnimationFrame(this.follow);
    }
  };

  private listen(event: keyof HTMLMediaElementEventMap, listener: () => void): void {
    this.video.addEventListener(event, listener, { signal: this.ended.signal });
  }
}

export function usePlayback(
  video: RefObject<HTMLVideoElement>,
  output: OutputView,
  memory: Memory,
  autoplay: boolean,
  visible: boolean,
): Playback {
  const player = useRef<Player | null>(null);
  const [moment, setMoment] = useState<Moment>(() => ({
    clip: clipOf(output.frames, output.fps, NaN),
    frame: 0,
    paused: true,
  }));
  useEffect(() => {
    if (!video.current) {
      return;
    }
    const made = new Player(video.current, output, memory, autoplay, visible, (next) => {
      setMoment((last) => (sameMoment(last, next) ? last : next));
    });
    player.current = made;
    return () => {
      made.dispose();
    };
  }, [output.id, output.url]);
  useEffect(() => {
    player.current?.setVisible(visible);
  }, [visible]);
  return {
    ...moment,
    toggle: () => player.current?.toggle(),
    seek: (frame) => player.current?.seek(frame),
    step: (by) => player.current?.step(by),
    hold: () => player.current?.hold() ?? 0,
  };
}

export function useSpeed(video: RefObject<HTMLVideoElement>, speed: number): void {
  useEffect(() => {
    if (video.current) {
      // The default is what a newly loaded clip begins with.
      video.current.defaultPlaybackRate = speed;
      video.current.playbackRate = speed;
    }
  }, [speed]);
}

/** Answers whether the key meant something. */
export function onVideoKey(key: string, playback: Playback): boolean {
  switch (key) {
    case " ":
      playback.toggle();
      return true;
    case "ArrowLeft":
      playback.step(-1);
      return true;
    case "ArrowRight":
      playback.step(1);
      return true;
    case "Home":
      playback.seek(0);
      return true;
    case "End":
      playback.seek(playback.clip.frames - 1);
      return true;
    default:
      return false;
  }
}

function sameMoment(a: Moment, b: Moment): boolean {
  return a.clip === b.clip && a.frame === b.frame && a.paused === b.paused;
}
