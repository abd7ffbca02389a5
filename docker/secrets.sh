#!/usr/bin/env bash
# Make the secrets compose.yaml mounts, in docker/secrets (or in the folder named); keep those that exist.
#
# The folder is yours alone (0700); the files in it are readable, because each container reads them as its
# own user. Needs openssl. What only you can know (WeChat's AppSecret) is left for you to write.
set -euo pipefail
umask 022
folder=${1:-$(dirname "${BASH_SOURCE[0]}")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

once() { # once FILE COMMAND…: put what COMMAND says into FILE, whole or not at all, unless it is there
  local file=$1
  shift
  [ -s "$file" ] && return
  "$@" >"$file.new"
  chmod 444 "$file.new"
  mv "$file.new" "$file"
  echo "made $file"
}
ring() { # ring FOLDER NAME: a P-256 key, and the note that says it signs
  mkdir -p "$1"
  [ -s "$1/current" ] && return
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/$2.pem" 2>/dev/null
  echo "$2" >"$1/current"
  chmod 444 "$1/$2.pem" "$1/current"
  echo "made $1"
}

once mongo_keyfile openssl rand -base64 756
once mongo_root_password openssl rand -hex 24
once mongo_password openssl rand -hex 24
once mongo_url echo "mongodb://suishen:$(<mongo_password)@mongo-1,mongo-2,mongo-3/?replicaSet=suishen&authSource=suishen"
once valkey_password openssl rand -hex 24
once valkey_conf echo "requirepass $(<valkey_password)"
once redis_url echo "redis://:$(<valkey_password)@valkey:6379/0"
once id_hash_key openssl rand -hex 32
once id_seal_keys openssl rand -hex 32
once metrics_token openssl rand -hex 24
ring wallet-keys "$(date +%Y-%m)"
ring health-keys "$(date +%Y-%m)"
ring token-keys "$(date +%Y-%m)"

if [ ! -s wechat_secret ]; then
  echo "still to be written by you: $folder/wechat_secret (the mini-program's AppSecret)"
fi
