#!/bin/sh
# What a container of Flotilla starts, and what is `flotilla` in it. As root it prepares the data folder and mounts network
# shares, then runs the program as the user PUID:PGID. Started as another user it runs the program as that one.
set -eu

APP=${FLOTILLA_APP:-/app}
DATA_DIR=${DATA_DIR:-/data}
PUID=${PUID:-1000}
PGID=${PGID:-1000}
credentials=

say() { printf 'flotilla: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 2
}
is_root() { [ "$(id -u)" = 0 ]; }
as_user() {
  if is_root; then
    setpriv --reuid "$PUID" --regid "$PGID" --clear-groups --inh-caps=-all --no-new-privs -- "$@"
  else
    "$@"
  fi
}

check_user() {
  case $PUID in '' | *[!0-9]*) fail "PUID is \"$PUID\", but must be the number of a user; on the host, id -u tells yours." ;; esac
  case $PGID in '' | *[!0-9]*) fail "PGID is \"$PGID\", but must be the number of a group; on the host, id -g tells yours." ;; esac
  is_root || { PUID=$(id -u) PGID=$(id -g); }
  [ "$PUID" != 0 ] || say "Flotilla runs as root; set PUID and PGID to the owner of the media instead."
}

# What is mounted below, media say, is left alone.
prepare_data() {
  mkdir -p "$DATA_DIR" || fail "The data folder $DATA_DIR cannot be made; mount a volume there."
  if is_root; then
    find "$DATA_DIR" -xdev \( ! -uid "$PUID" -o ! -gid "$PGID" \) -exec chown -h "$PUID:$PGID" {} + ||
      fail "The data folder $DATA_DIR cannot be given to user $PUID:$PGID; make it theirs on the host, or set PUID and PGID to its owner."
  fi
  as_user test -w "$DATA_DIR" || fail "User $PUID:$PGID may not write to the data folder $DATA_DIR; on the host: chown -R $PUID:$PGID …"
  [ -n "${TEMP_DIR:-}" ] || return 0
  if [ ! -d "$TEMP_DIR" ]; then
    mkdir -p "$TEMP_DIR" || fail "TEMP_DIR is $TEMP_DIR, which cannot be made."
    ! is_root || chown "$PUID:$PGID" "$TEMP_DIR"
  fi
  as_user test -w "$TEMP_DIR" || fail "User $PUID:$PGID may not write to TEMP_DIR, $TEMP_DIR."
}

# One entry a line of a list separated by commas, without blanks around it.
entries() { printf '%s\n' "$1" | tr ',' '\n' | sed 's/^[[:space:]]*//; s/[[:space:]]*$//; /^$/d'; }

check_media() {
  entries "${MEDIA_DIRS:-}" | while IFS= read -r folder; do
    [ -d "$folder" ] || fail "MEDIA_DIRS names $folder, which is not in the container; mount it there, or correct MEDIA_DIRS."
    if ! as_user test -r "$folder" || ! as_user test -x "$folder"; then
      fail "User $PUID:$PGID may not read $folder, which belongs to $(stat -c %u:%g "$folder"); set PUID and PGID to its owner."
    fi
    as_user test -w "$folder" ||
      say "User $PUID:$PGID may not write to $folder: its videos are analyzed, but none can be replaced."
  done
}

check_smb() {
  SMB_USERNAME=${SMB_USERNAME:-} SMB_DOMAIN=${SMB_DOMAIN:-} SMB_VERSION=${SMB_VERSION:-default}
  if [ -n "${SMB_PASSWORD_FILE:-}" ]; then
    SMB_PASSWORD=$(cat "$SMB_PASSWORD_FILE") || fail "SMB_PASSWORD_FILE is $SMB_PASSWORD_FILE, which cannot be read."
  fi
  SMB_PASSWORD=${SMB_PASSWORD:-}
  case ${SMB_HOST:-} in
    '') fail "SMB_HOST is missing: the name or address of the computer that has the share." ;;
    *[!A-Za-z0-9._:-]*) fail "SMB_HOST is \"$SMB_HOST\", but must be a name or an address, such as nas or 192.168.1.10." ;;
  esac
  case $SMB_VERSION in
    default | 1.0 | 2.0 | 2.1 | 3 | 3.0 | 3.02 | 3.0.2 | 3.11 | 3.1.1) ;;
    *) fail "SMB_VERSION is \"$SMB_VERSION\", but must be 1.0, 2.0, 2.1, 3, 3.0, 3.0.2 or 3.1.1; without it the highest is taken." ;;
  esac
  if [ -z "$SMB_USERNAME" ] && [ -n "$SMB_PASSWORD" ]; then fail "SMB_USERNAME is missing, but there is an SMB_PASSWORD."; fi
  if [ -n "$SMB_USERNAME" ] && [ -z "$SMB_PASSWORD" ]; then fail "SMB_PASSWORD or SMB_PASSWORD_FILE is missing for SMB_USERNAME $SMB_USERNAME."; fi
  # Further lines would be further options of whoever set them.
  case "$SMB_USERNAME$SMB_PASSWORD$SMB_DOMAIN" in
    *"
"*) fail "SMB_USERNAME, SMB_PASSWORD and SMB_DOMAIN must be one line each." ;;
  esac
  is_root || fail "Network shares can only be mounted by a container that starts as root (it runs Flotilla as PUID:PGID all the same)."
}

why_not_mounted() {
  case $1 in
    *'error(13)'*) echo "it lets this user not in; look at SMB_USERNAME, SMB_PASSWORD and SMB_DOMAIN" ;;
    *'error(2)'* | *'error(6)'*) echo "$SMB_HOST has no such share" ;;
    *'error(95)'* | *'error(22)'*) echo "$SMB_HOST does not speak SMB_VERSION $SMB_VERSION" ;;
    *'error(1)'* | *'permission denied'* | *'must be superuser'*)
      echo "the container may not mount; give it cap_add: [SYS_ADMIN, DAC_READ_SEARCH]" ;;
    *resolve* | *'error(11'*) echo "$SMB_HOST does not answer; look at SMB_HOST" ;;
    *) echo "mount says: $(printf '%s' "$1" | tr '\n' ' ')" ;;
  esac
}

# A share is NAME, found at /media/NAME then, or NAME=/folder.
mount_share() {
  share=${1%%=*}
  share=${share#/}
  folder=${1#*=}
  [ "$folder" != "$1" ] || folder=/media/${share##*/}
  case $share in '' | *[\\\"]* | *..*) fail "\"$share\" isn't the name of an SMB share, such as videos or media/videos." ;; esac
  case $folder in /?*) ;; *) fail "The share $share cannot be mounted at \"$folder\"; name a folder, such as $share=/media/videos." ;; esac
  printf '%s\n' "$folder" >>"$folders"
  mkdir -p "$folder"
  if mountpoint -q "$folder"; then return 0; fi
  options="uid=$PUID,gid=$PGID,iocharset=utf8,nosuid,nodev,noexec,vers=$SMB_VERSION"
  [ -z "$SMB_USERNAME" ] && options="$options,guest" || options="$options,credentials=$credentials"
  told=$(LC_ALL=C mount -t cifs "//$SMB_HOST/$share" "$folder" -o "$options" 2>&1) ||
    fail "The share //$SMB_HOST/$share was not mounted: $(why_not_mounted "$told")."
  say "The share //$SMB_HOST/$share is mounted at $folder."
}

# The password is in a file in memory while it is needed, never in a command line; Flotilla itself does not get it.
mount_shares() {
  shares=${SMB_SHARES:-${SMB_SHARE:-}}
  if [ -z "$shares" ]; then
    [ -z "${SMB_HOST:-}" ] || fail "SMB_SHARE is missing: the share on $SMB_HOST to be mounted; SMB_SHARES takes several, separated by commas."
    return 0
  fi
  check_smb
  credentials=$(umask 077 && mktemp -p /dev/shm) folders=$(mktemp)
  trap 'rm -f "$credentials" "$folders"' EXIT
  printf 'username=%s\npassword=%s\n' "$SMB_USERNAME" "$SMB_PASSWORD" >"$credentials"
  [ -z "$SMB_DOMAIN" ] || printf 'domain=%s\n' "$SMB_DOMAIN" >>"$credentials"
  entries "$shares" | while IFS= read -r entry; do mount_share "$entry"; done
  [ -n "${MEDIA_DIRS:-}" ] || MEDIA_DIRS=$(paste -s -d , "$folders")
  export MEDIA_DIRS
  rm -f "$credentials" "$folders"
  trap - EXIT
}

case ${1:-} in
  sh | bash | /*) exec "$@" ;;
esac
check_user
case ${1:-} in
  serve | worker)
    prepare_data
    mount_shares
    [ "$1" != serve ] || check_media
    ;;
esac
unset SMB_USERNAME SMB_PASSWORD SMB_PASSWORD_FILE SMB_DOMAIN
export DATA_DIR HOME="$DATA_DIR"
umask 022
if is_root; then
  exec setpriv --reuid "$PUID" --regid "$PGID" --clear-groups --inh-caps=-all --no-new-privs -- \
    node "$APP/out/main/headless.js" "$@"
fi
exec node "$APP/out/main/headless.js" "$@"
