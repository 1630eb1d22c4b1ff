# SPDX-License-Identifier: Apache-2.0
"""What Python does first in stages that run Ansible: it looks for garbage seldom.

Ansible starts a process for each task and host, which ends long before garbage matters. Looking for
it takes a tenth of their time, as each look of a forked process copies pages of its parent.
"""

import gc

gc.set_threshold(100_000, 50, 100)
