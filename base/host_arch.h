/* base/host_arch.h - the architecture of this host, as lima.yaml calls it: "x86_64" and so on; never NULL. */
#pragma once

const char *host_arch(void);
