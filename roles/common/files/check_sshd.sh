# Tries a drop-in (standard input) as part of the whole configuration of sshd, without touching it.
# Arguments: the account that must stay let in, the path that the drop-in will have.
set -eu
account=$1 target=$2
refuse() { echo "sshd settings refused: $*" >&2; exit 1; }

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/sshd_config.d"
if [ -d /etc/ssh/sshd_config.d ]; then cp -a /etc/ssh/sshd_config.d/. "$stage/sshd_config.d/"; fi
cat > "$stage/sshd_config.d/$(basename "$target")"
sed "s#/etc/ssh/sshd_config\.d/#$stage/sshd_config.d/#g" /etc/ssh/sshd_config > "$stage/sshd_config"
grep -Eqi "^[[:space:]]*Include[[:space:]]+$stage/" "$stage/sshd_config" \
    || refuse "/etc/ssh/sshd_config does not include /etc/ssh/sshd_config.d/*.conf"

# sshd makes this directory at its start; a socket-activated one may not have run yet.
[ -d /run/sshd ] || mkdir -m 0755 /run/sshd
answer=$(/usr/sbin/sshd -t -f "$stage/sshd_config" 2>&1) \
    || refuse "$(echo "$answer" | sed "s#$stage#/etc/ssh#g")"

address=${SSH_CLIENT:-127.0.0.1 }
address=${address%% *}
effective=$(/usr/sbin/sshd -T -f "$stage/sshd_config" -C "user=$account,host=$address,addr=$address")
value() { echo "$effective" | sed -n "s/^$1 //p"; }
[ "$(value pubkeyauthentication)" = yes ] || refuse "$account could not use a key"
[ "$(value passwordauthentication)" = no ] \
    || refuse "passwords stay allowed for $account: another file's Match block sets them"
if [ "$account" = root ] && [ "$(value permitrootlogin)" = no ]; then refuse "root is locked out"; fi
allowed=$(value allowusers)
if [ -n "$allowed" ]; then
    echo "$allowed" | grep -qx "$account" || refuse "$account is not among AllowUsers: $(echo $allowed)"
fi
if value denyusers | grep -qx "$account"; then refuse "$account is among DenyUsers"; fi

# Key-based access exists before passwords go: one valid key in a file that sshd reads.
home=$(getent passwd "$account" | cut -d: -f6)
[ -n "$home" ] || refuse "there is no account $account, with which Ansible is configured to come in"
for file in $(value authorizedkeysfile); do
    case $file in /*) path=$file ;; *) path=$home/$file ;; esac
    path=$(echo "$path" | sed "s#%u#$account#g; s#%h#$home#g")
    if [ -f "$path" ] && ssh-keygen -l -f "$path" > /dev/null 2>&1; then exit 0; fi
done
refuse "$account has no valid key in $(value authorizedkeysfile), so nobody could come in without a password"
