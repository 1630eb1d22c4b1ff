# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The units of the firewall: what loads it at boot, keeps it loaded, and takes a trial back."""

from __future__ import annotations

from pathlib import Path

UNIT = "quartermaster-firewall.service"
ROLLBACK = "quartermaster-firewall-rollback"
"""Name of the timer and of its service, which take a trial back."""

UNIT_TEXT = """\
# Written by quartermaster.fleet.firewall_rules: what is changed here is lost.
[Unit]
Description=Firewall of Quartermaster
Documentation=man:nft(8)
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=nftables.service
Conflicts=shutdown.target
ConditionPathExists=/etc/quartermaster/firewall.nft

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/quartermaster/firewall.nft
ExecReload=/usr/sbin/nft -f /etc/quartermaster/firewall.nft
ProtectSystem=full
ProtectHome=true

[Install]
WantedBy=sysinit.target
"""
# Not PartOf= or its kin: they propagate a stop and a restart, but no start.
NFTABLES_TEXT = """\
# Written by quartermaster.fleet.firewall_rules: what is changed here is lost.
# This unit flushes all tables whenever it starts, reloads or stops: ours is back in the same job.
[Service]
ExecStartPost=-/usr/sbin/nft -f /etc/quartermaster/firewall.nft
ExecReload=-/usr/sbin/nft -f /etc/quartermaster/firewall.nft
ExecStopPost=-/usr/sbin/nft -f /etc/quartermaster/firewall.nft
"""
SYSTEM = Path("/etc/systemd/system")
FILES = {
    SYSTEM / UNIT: UNIT_TEXT,
    SYSTEM / "nftables.service.d" / "quartermaster.conf": NFTABLES_TEXT,
}
