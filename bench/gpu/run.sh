#!/usr/bin/env bash
# Figures of retrieval on a CUDA device, beside plain PyTorch on the same card in the same run; see README.md.
#   bench/gpu/run.sh [OUT]
# Environment: ITEMS="1000000 10000000", PRECISIONS="fp32 bf16", WORK (folder for worlds, models and indexes: about 1.5 GB a million ads),
# TRAIN_MINUTES=3, REQUESTS=4000, PYTHON=python3, HOP_PLACES=4096 (of the second run of walks), SCORERS, DEVICE,
# IN_FLIGHT (for a machine without a card).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$here/../..
out=${1:-$root/artifacts/gpu-bench}
work=${WORK:-$root/artifacts/gpu-work}
python=${PYTHON:-python3}
scorers=${SCORERS:-cuda:0 cuda-walk:0}
in_flight=${IN_FLIGHT:-1 8 64}
export RECALL_LIBTORCH=${RECALL_LIBTORCH:-cuda-12.8}
mkdir -p "$out" "$work"

say() { printf '%s\n' "$*" >&2; }

# Runs a command while the card's utilisation and memory are written to a file, five lines a second.
# $1: the file; the rest: the command.
watching() {
  local file=$1 watch=
  shift
  if command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-gpu=utilization.gpu,memory.used,power.draw --format=csv,noheader,nounits -lms 200 >"$file" &
    watch=$!
  fi
  local status=0
  "$@" || status=$?
  if [ -n "$watch" ]; then kill "$watch" && wait "$watch" 2>/dev/null || true; fi
  return "$status"
}

# $1: scorer, $2: precision, $3: ads, the rest: further options; prints the report's file.
retrieval() {
  local scorer=$1 precision=$2 items=$3
  shift 3
  local name=$items-${scorer//:/}${1:+-places}-$precision
  watching "$out/$name.card.csv" "$root/recall" bench retrieval --items "$items" --k 1500 --scorings 17000 --work "$work/$items" \
    --train-minutes "${TRAIN_MINUTES:-3}" --evaluated-users 200 --requests "${REQUESTS:-4000}" --in-flight "${in_flight// /,}" \
    --scorer "$scorer" --precision "$precision" --batch-requests 64 --export "$out/$items.safetensors" --json "$@" >"$out/$name.json"
  printf '%s\n' "$out/$name.json"
}

"$root/recall" doctor
if command -v nvidia-smi >/dev/null; then nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader >"$out/card.txt"; fi
for items in ${ITEMS:-1000000 10000000}; do
  say "== $items ads: the host"
  report=$(retrieval cpu fp32 "$items")
  for precision in ${PRECISIONS:-fp32 bf16}; do
    for scorer in $scorers; do
      say "== $items ads: $scorer, $precision"
      report=$(retrieval "$scorer" "$precision" "$items")
      case $scorer in *-walk*) retrieval "$scorer" "$precision" "$items" --hop-places "${HOP_PLACES:-4096}" >/dev/null ;; esac
    done
    say "== $items ads: plain PyTorch, $precision"
    watching "$out/$items-pytorch-$precision.card.csv" "$python" "$here/peer.py" --work "$work/$items" \
      --requests "$out/$items.safetensors" --report "$report" --precision "$precision" \
      --device "${DEVICE:-cuda:0}" --batches $in_flight >"$out/$items-pytorch-$precision.json"
  done
done
"$python" "$here/summary.py" "$out"
