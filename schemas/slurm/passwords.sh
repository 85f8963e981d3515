#!/bin/bash
# The current passwords of a big file of records, a part of the file by each task of a Slurm job array.
#
#   sbatch schemas/slurm/passwords.sh documents.tsv results [OPTION...]
#
# documents.tsv  a record a line, `id<TAB>document`, on a file system that the nodes share
# results        a folder; task N leaves N.tsv there, whole or not at all, readable by its owner only
# OPTION...      further options of `totp-adapter stream`
#
# The parts in their order are what one process would have written: cat results/*.tsv
# A part that is missing is made alone: sbatch --array=3 schemas/slurm/passwords.sh documents.tsv results
#
#SBATCH --job-name=passwords
#SBATCH --array=1-4
#SBATCH --cpus-per-task=1
#SBATCH --output=%x-%A-%a.log

# The number of the array's tasks; it is not Slurm's, which counts only those that were asked for.
parts=4

set -euo pipefail
umask 077

documents=$1
results=$2
shift 2

mkdir -p "$results"
part=$results/$(printf '%04d' "$SLURM_ARRAY_TASK_ID")
# Parts are cut at the ends of lines. A task keeps to its processors also where the cluster does not make it do so.
# The name is given last, so that a task that was killed leaves no short result.
split --number "l/$SLURM_ARRAY_TASK_ID/$parts" "$documents" |
    totp-adapter stream --operation GeneratePassword --columns id,document --jobs "$SLURM_CPUS_PER_TASK" "$@" \
        > "$part.unfinished"
mv "$part.unfinished" "$part.tsv"
