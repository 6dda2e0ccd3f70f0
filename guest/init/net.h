/*
 * guest/init/net.h - interfaces: named by address, configured by DHCP.
 */
#pragma once

struct cidata;

/* Loopback up, interfaces named as network-config says, a DHCP client kept running on each. */
void net_start(const struct cidata *c);
/*
 * What the DHCP client (busybox udhcpc) runs when something has changed: argv[1] is the
 * event, the lease is in the environment. This program under the name lima-dhcp.
 */
int net_dhcp_hook(int argc, char **argv);
