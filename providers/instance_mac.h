/* providers/instance_mac.h - the hardware address of the first interface: the same for the same folder on the same host, and as upstream has it. */
#pragma once

struct arena;

const char *instance_mac(struct arena *a, const char *dir);	/* in `a` */
