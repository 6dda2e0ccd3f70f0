#include "usernet/dhcp.h"

#include <stdbool.h>
#include <string.h>

enum {
	AT_HLEN = 2,
	AT_XID = 4,
	AT_FLAGS = 10,
	AT_CIADDR = 12,
	AT_YIADDR = 16,
	AT_SIADDR = 20,
	AT_GIADDR = 24,
	AT_CHADDR = 28,
	AT_COOKIE = 236,
	AT_OPTIONS = 240,
	MIN_REPLY = 300,
	BOOTREQUEST = 1,
	BOOTREPLY = 2,
	DISCOVER = 1,
	OFFER = 2,
	REQUEST = 3,
	ACK = 5,
	NAK = 6,
	INFORM = 8,
	OPT_PAD = 0,
	OPT_MASK = 1,
	OPT_ROUTER = 3,
	OPT_DNS = 6,
	OPT_HOSTNAME = 12,
	OPT_DOMAIN = 15,
	OPT_REQUESTED = 50,
	OPT_LEASE = 51,
	OPT_TYPE = 53,
	OPT_SERVER = 54,
	OPT_END = 255,
};

static const uint8_t cookie[] = {99, 130, 83, 99};

/* The first option of that code with at least `min` bytes; NULL: none. */
static const uint8_t *
option_find(const uint8_t *p, size_t len, uint8_t code, size_t min)
{
	for (size_t i = AT_OPTIONS; i < len && p[i] != OPT_END;) {
		if (p[i] == OPT_PAD) {
			i++;
			continue;
		}
		if (i + 2 > len || i + 2 + p[i + 1] > len)
			return NULL;
		if (p[i] == code)
			return p[i + 1] >= min ? p + i + 2 : NULL;
		i += 2 + (size_t)p[i + 1];
	}
	return NULL;
}

static size_t
option_put(uint8_t *out, size_t at, uint8_t code, const void *data, size_t len)
{
	out[at] = code;
	out[at + 1] = (uint8_t)len;
	memcpy(out + at + 2, data, len);
	return at + 2 + len;
}

static size_t
option_put32(uint8_t *out, size_t at, uint8_t code, uint32_t value)
{
	uint8_t b[4];

	put32(b, value);
	return option_put(out, at, code, b, sizeof b);
}

/* Which answer is due; 0: none. */
static uint8_t
answer_type(const struct dhcp_lease *l, const uint8_t *p, size_t len)
{
	const uint8_t *type = option_find(p, len, OPT_TYPE, 1), *asked = option_find(p, len, OPT_REQUESTED, 4);
	const uint8_t *server = option_find(p, len, OPT_SERVER, 4);
	uint32_t ip = asked ? get32(asked) : get32(p + AT_CIADDR);

	switch (type ? *type : 0) {
	case DISCOVER:
		return OFFER;
	case REQUEST:
		/* The client chose another server, which does not exist here; it learns of ours when it asks again. */
		return server && get32(server) != l->gateway ? 0 : ip == l->ip ? ACK : NAK;
	case INFORM:
		return ACK;
	}
	return 0;
}

static size_t
put_settings(uint8_t *out, size_t at, const struct dhcp_lease *l, bool lease)
{
	size_t name = l->hostname ? strlen(l->hostname) : 0;

	if (lease)
		at = option_put32(out, at, OPT_LEASE, DHCP_LEASE_S);
	at = option_put32(out, at, OPT_MASK, l->mask);
	at = option_put32(out, at, OPT_ROUTER, l->gateway);
	at = option_put32(out, at, OPT_DNS, l->dns);
	at = option_put(out, at, OPT_DOMAIN, "internal", 8);
	if (name && name < 64)
		at = option_put(out, at, OPT_HOSTNAME, l->hostname, name);
	return at;
}

size_t
dhcp_answer(uint8_t *out, const struct dhcp_lease *l, const uint8_t *p, size_t len)
{
	size_t at = AT_OPTIONS;
	uint8_t type, asked;

	if (len < AT_OPTIONS || p[0] != BOOTREQUEST || p[1] != 1 || p[AT_HLEN] != MAC_LEN ||
	    memcmp(p + AT_COOKIE, cookie, sizeof cookie) != 0 || memcmp(p + AT_CHADDR, l->mac, MAC_LEN) != 0)
		return 0;
	type = answer_type(l, p, len);
	if (!type)
		return 0;
	asked = *option_find(p, len, OPT_TYPE, 1);
	memset(out, 0, DHCP_REPLY_MAX);
	out[0] = BOOTREPLY;
	out[1] = 1;
	out[AT_HLEN] = MAC_LEN;
	memcpy(out + AT_XID, p + AT_XID, 4);
	memcpy(out + AT_FLAGS, p + AT_FLAGS, 2);
	if (type != NAK)
		memcpy(out + AT_CIADDR, p + AT_CIADDR, 4);
	if (type != NAK && asked != INFORM)
		put32(out + AT_YIADDR, l->ip);
	memcpy(out + AT_CHADDR, l->mac, MAC_LEN);
	memcpy(out + AT_COOKIE, cookie, sizeof cookie);
	at = option_put(out, at, OPT_TYPE, &type, 1);
	at = option_put32(out, at, OPT_SERVER, l->gateway);
	if (type != NAK)
		at = put_settings(out, at, l, asked != INFORM);
	out[at++] = OPT_END;
	return at < MIN_REPLY ? MIN_REPLY : at;
}
