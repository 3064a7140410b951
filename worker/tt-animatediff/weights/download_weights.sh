#!/usr/bin/env bash
# Fetches the motion module (1.8 GB) into ~/models/animatediff, or into the folder that is named. With "all" as a
# second word, what Phase 1 needs as well, into Hugging Face's cache.
set -euo pipefail

folder="${1:-$HOME/models/animatediff}"

if ! command -v hf >/dev/null; then
  echo "There is no program hf. Run: pip install -U huggingface_hub" >&2
  exit 1
fi

mkdir -p "$folder"
hf download guoyww/animatediff mm_sd_v15_v2.ckpt --local-dir "$folder"
if [ "${2:-}" = "all" ]; then
  hf download CompVis/stable-diffusion-v1-4 --exclude "*.ckpt" "safety_checker/*"
  hf download guoyww/animatediff-motion-adapter-v1-5-2
fi
echo "The motion module is $folder/mm_sd_v15_v2.ckpt"
