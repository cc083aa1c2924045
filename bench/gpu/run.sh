#!/usr/bin/env bash
# Figures of retrieval on a CUDA device, beside plain PyTorch on the same card in the same run; see README.md.
#   bench/gpu/run.sh [OUT]
# Goes on where an earlier run with the same OUT and WORK ended: reports that are there are not made again. Stops when a measurement fails.
# Environment: ITEMS="1000000 10000000", PRECISIONS="fp32 bf16", WORK (folder for worlds, models and indexes: about 1.5 GB a million ads),
# TRAIN_MINUTES=3, REQUESTS=4000, ROW_SECONDS=10, PYTHON=python3, HOP_PLACES=4096 (of the second run of walks), SCORE_ITEMS=1000000,
# QUICK=1 (only requests in flight, with the knobs that an earlier run tuned), STEPS="check score retrieval summary" (any of them),
# RECALL (the program, where it was published; else ./recall builds it), SCORERS, DEVICE, IN_FLIGHT (for a machine without a card).
set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$here/../..
out=${1:-$root/artifacts/gpu-bench}
work=${WORK:-$root/artifacts/gpu-work}
python=${PYTHON:-python3}
recall=${RECALL:-$root/recall}
scorers=${SCORERS:-cuda:0 cuda-walk:0}
device=${DEVICE:-cuda:0}
in_flight=${IN_FLIGHT:-1 8 64}
seconds=${ROW_SECONDS:-10}
steps=" ${STEPS:-check score retrieval summary} "
export RECALL_LIBTORCH=${RECALL_LIBTORCH:-cuda-12.8}
mkdir -p "$out" "$work"

say() { printf '%s\n' "$*" >&2; }

# What watches the card ends with this script, however that ends.
watch=
trap '[ -z "$watch" ] || kill "$watch" 2>/dev/null' EXIT
trap 'exit 143' INT TERM

# Runs a command and keeps what it prints, unless it is there already; meanwhile the card's utilisation and memory are written down, five
# lines a second with the time of each. A report appears only when it is whole.
# $1: the report; the rest: the command.
report() {
  local file=$1 status=0
  shift
  if [ -s "$file" ]; then
    say "   is there: $file"
    return
  fi
  if command -v nvidia-smi >/dev/null; then
    nvidia-smi -i 0 --query-gpu=timestamp,utilization.gpu,memory.used,power.draw --format=csv,noheader,nounits -lms 200 \
      >"${file%.json}.card.csv" &
    watch=$!
  fi
  "$@" >"$file.tmp" || status=$?
  if [ -n "$watch" ]; then
    kill "$watch" 2>/dev/null || true
    wait "$watch" 2>/dev/null || true
    watch=
  fi
  if [ "$status" -ne 0 ]; then
    say "failed with code $status: $*"
    rm -f "$file.tmp"
    exit "$status"
  fi
  mv "$file.tmp" "$file"
}

# $1: scorer, $2: precision, $3: ads, the rest: further options. Prints the report's path.
path_of() { printf '%s\n' "$out/$3-${1//:/}${4:+-places}-$2.json"; }

retrieval() {
  local scorer=$1 precision=$2 items=$3 file
  file=$(path_of "$@")
  shift 3
  report "$file" "$recall" bench retrieval --items "$items" --k 1500 --scorings 17000 --work "$work/$items" \
    --train-minutes "${TRAIN_MINUTES:-3}" --evaluated-users "${EVALUATED_USERS:-200}" --requests "${REQUESTS:-4000}" \
    --in-flight "${in_flight// /,}" --row-seconds "$seconds" ${QUICK:+--quick} --scorer "$scorer" --precision "$precision" \
    --batch-requests 64 --export "$out/$items.safetensors" --json "$@"
}

# Whatever is missing shows here, within a minute or two, and not after hours.
check() {
  say '== what is there'
  case $device in
    cuda*) "$python" -c 'import numpy, torch; assert torch.cuda.is_available(), "PyTorch sees no CUDA device"' ;;
    *) "$python" -c 'import numpy, torch' ;;
  esac
  "$recall" doctor >&2
  local scorer
  for scorer in $scorers; do
    case $scorer in *-walk*) continue ;; esac
    "$recall" bench score --scorer "$scorer" --items 20000 --batch 512 --in-flight 4 --json >/dev/null
  done
  if [ -z "${RECALL:-}" ] && command -v dotnet >/dev/null; then
    say '== the tests of scoring with libtorch'
    dotnet test "$root/tests/RecallCluster.TorchScoring.Tests" -c Release -m:1 -nodereuse:false >&2
  else
    say '   without the SDK the tests of scoring with libtorch are left out'
  fi
  if command -v nvidia-smi >/dev/null; then
    nvidia-smi -i 0 --query-gpu=name,driver_version,memory.total --format=csv,noheader >"$out/card.txt"
  fi
}

score() {
  local scorer precision
  for scorer in $scorers; do
    case $scorer in *-walk*) continue ;; esac
    for precision in ${PRECISIONS:-fp32 bf16}; do
      say "== scoring alone: $scorer, $precision"
      report "$out/score-${scorer//:/}-$precision.json" "$recall" bench score --scorer "$scorer" --precision "$precision" \
        --items "${SCORE_ITEMS:-1000000}" --batch 512,4096,16384 --in-flight "${in_flight// /,}" --json
    done
  done
}

retrievals() {
  local items precision scorer
  for items in ${ITEMS:-1000000 10000000}; do
    say "== $items ads: the host"
    retrieval cpu fp32 "$items"
    for precision in ${PRECISIONS:-fp32 bf16}; do
      for scorer in $scorers; do
        say "== $items ads: $scorer, $precision"
        retrieval "$scorer" "$precision" "$items"
        case $scorer in *-walk*) retrieval "$scorer" "$precision" "$items" --hop-places "${HOP_PLACES:-4096}" ;; esac
      done
      say "== $items ads: plain PyTorch, $precision"
      # shellcheck disable=SC2086
      report "$out/$items-pytorch-$precision.json" "$python" "$here/peer.py" --work "$work/$items" \
        --requests "$out/$items.safetensors" --report "$(path_of cpu fp32 "$items")" --precision "$precision" \
        --device "$device" --seconds "$seconds" --batches $in_flight
    done
  done
}

# No functions under `if` or `||`, where bash would not stop them.
case $steps in *' check '*) check ;; esac
case $steps in *' score '*) score ;; esac
case $steps in *' retrieval '*) retrievals ;; esac
case $steps in *' summary '*) "$python" "$here/summary.py" "$out" ;; esac
