/*
 * providers/usernet.h - the files by which limactl tells the switch of a user-v2 network (usernet/) what it is to be.
 *
 * $LIMA_HOME/_networks/NAME/ has `network`, the network itself; `ports/PORT`, one file for each interface that is plugged in,
 * beside `ports/PORT.sock`, the switch's end of it; and `leases.json`, which address each hardware address has for good. limactl
 * alone writes them. So a switch that takes the place of another knows at once all that the other knew. Lines are `word value`.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct error;

enum { USERNET_MTU = 65000, USERNET_MAC = 6, USERNET_PORTS_MAX = 256, USERNET_FILE_MAX = 64 * 1024 };

/* Addresses are in the host's byte order. */
struct usernet_range {
	uint32_t base, mask;
};

struct usernet {
	uint32_t base, mask;
	uint32_t gateway;		    /* the second address: this host, name server, DHCP */
	uint32_t resolver;		    /* the last one: within the switch, the host's own name server */
	bool host_loopback;		    /* the gateway is 127.0.0.1 of this host, too */
	bool everywhere;		    /* nothing is said of where guests may connect to */
	const struct usernet_range *egress; /* else there alone */
	size_t negress;
	const char *const *names; /* and where these lead: "deb.debian.org", "*.example.com"; in lower case */
	size_t nnames;
};

struct usernet_port {
	const char *id;	      /* of its files, INSTANCE.N */
	const char *socket;   /* the machine's end of it, absolute */
	const char *hostname; /* found as HOSTNAME and HOSTNAME.internal */
	uint8_t mac[USERNET_MAC];
	uint32_t ip;
	int ssh_port; /* of this host's loopback, to port 22 of the guest; 0: none */
	int dns_port; /* of the resolver that its host agent is, on this host's loopback; 0: none */
	const char *fleet, *alias; /* the machines of that fleet find it as ALIAS, too; "": nobody does */
};

/*
 * `gateway` as networks.yaml has it: any address of the network. `egress`: NULL or "any": everywhere; "none"; or ranges A.B.C.D/N and
 * names, NAME or *.NAME, with commas or blanks between. ERR_INVALID.
 */
int usernet_init(struct usernet *n, const char *gateway, const char *netmask, const char *egress, bool host_loopback,
		 struct arena *a, struct error *err);
void usernet_text(const struct usernet *n, struct buf *out);
/* Its rule for the outside, as `egress` of usernet_init() takes it. */
void usernet_egress_text(const struct usernet *n, struct buf *out);
/* Strings and arrays are in `a`. */
int usernet_load(struct usernet *n, const char *dir, struct arena *a, struct error *err);

void usernet_port_text(const struct usernet_port *p, struct buf *out);
int usernet_port_parse(struct usernet_port *p, const char *id, const char *text, struct arena *a, struct error *err);
int usernet_port_load(struct usernet_port *p, const char *dir, const char *id, struct arena *a, struct error *err);

bool usernet_mac_parse(uint8_t mac[USERNET_MAC], const char *text);
/* "A.B.C.D" of an address in the host's byte order; in `a` */
const char *usernet_ip_text(struct arena *a, uint32_t ip);
bool usernet_ip_parse(uint32_t *ip, const char *text);

/*
 * The address that `mac` has in that network: of leases.json, or the first that nobody has, which is written there. The file is locked
 * meanwhile. EADDRNOTAVAIL when there is none.
 */
int usernet_lease(const char *dir, const struct usernet *n, const char *mac, uint32_t *ip, struct error *err);
