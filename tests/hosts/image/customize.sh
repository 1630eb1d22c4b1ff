#!/bin/sh
# Turns a fresh Debian tree into the image of a host; runs inside the tree, as root.
set -eu

# Host keys belong to a machine, not to an image.
rm -f /etc/ssh/ssh_host_*
: > /etc/machine-id
systemctl enable ssh-host-keys.service ssh.service

# Units for hardware, consoles and kernel settings that belong to the machine below the container.
systemctl mask \
    console-getty.service getty.target systemd-logind.service \
    systemd-remount-fs.service systemd-modules-load.service \
    dev-hugepages.mount dev-mqueue.mount \
    sys-fs-fuse-connections.mount sys-kernel-config.mount \
    sys-kernel-debug.mount sys-kernel-tracing.mount \
    e2scrub_all.timer e2scrub_reap.service

install -d -m 0700 /root/.ssh
rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
# Ansible's apt module takes the age of this folder for the age of the lists, which are none now.
touch -d @0 /var/lib/apt/lists
