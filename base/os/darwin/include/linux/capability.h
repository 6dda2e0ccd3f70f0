/* Names of Linux's capabilities, for those that speak of them: macOS has none, and base/privilege.h says so. */
#pragma once

enum {
	CAP_CHOWN = 0, CAP_DAC_OVERRIDE = 1, CAP_DAC_READ_SEARCH = 2, CAP_FOWNER = 3, CAP_FSETID = 4, CAP_KILL = 5, CAP_SETGID = 6, CAP_SETUID = 7,
	CAP_SETPCAP = 8, CAP_NET_BIND_SERVICE = 10, CAP_SYS_ADMIN = 21, CAP_MKNOD = 27, CAP_SETFCAP = 31,
};
