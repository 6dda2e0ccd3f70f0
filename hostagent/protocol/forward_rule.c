#include "hostagent/protocol/forward_rule.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>
#include <sys/un.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"

static const char *const protos[] = { "tcp", "udp", "any" };

enum { RANK_MAX = 1 << 20 };

static int
forward_rule_address(const cJSON *json, const char *key, struct arena *a, const char **out, struct error *err)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, key);
	unsigned char bin[sizeof(struct in6_addr)];

	if (!v) {
		*out = "127.0.0.1";
		return 0;
	}
	if (!cJSON_IsString(v) ||
	    (inet_pton(AF_INET, v->valuestring, bin) != 1 && inet_pton(AF_INET6, v->valuestring, bin) != 1))
		return error_set(err, EINVAL, "%s: not a numeric address", key);
	*out = arena_strdup(a, v->valuestring);
	return 0;
}

static int
forward_rule_range(const cJSON *json, const char *key, int out[2], struct error *err)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, key);

	if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) != 2)
		return error_set(err, EINVAL, "%s: not a pair of ports", key);
	for (int i = 0; i < 2; i++) {
		const cJSON *p = cJSON_GetArrayItem(v, i);

		if (!cJSON_IsNumber(p) || p->valuedouble < 1 || p->valuedouble > 65535 || p->valuedouble != p->valueint)
			return error_set(err, EINVAL, "%s: not a port", key);
		out[i] = p->valueint;
	}
	if (out[0] > out[1])
		return error_set(err, EINVAL, "%s: ends before it begins", key);
	return 0;
}

/* One end of a forward: a socket, or an address with ports. */
static int
forward_rule_end(const cJSON *json, const char *const keys[3], struct arena *a, const char **socket, const char **ip, int port[2],
    struct error *err)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, keys[0]);

	*socket = *ip = "";
	port[0] = port[1] = 0;
	if (!v)
		return forward_rule_address(json, keys[1], a, ip, err) < 0 ? -1 : forward_rule_range(json, keys[2], port, err);
	if (!cJSON_IsString(v) || v->valuestring[0] != '/' ||
	    strlen(v->valuestring) >= sizeof ((struct sockaddr_un *)0)->sun_path)
		return error_set(err, EINVAL, "%s: not the absolute path of a socket", keys[0]);
	*socket = arena_strdup(a, v->valuestring);
	return 0;
}

int
forward_rule_parse(const cJSON *json, struct arena *a, struct forward_rule *out, struct error *err)
{
	static const char *const guest[] = { "guestSocket", "guestIP", "guestPortRange" };
	static const char *const host[] = { "hostSocket", "hostIP", "hostPortRange" };
	const cJSON *proto = cJSON_GetObjectItemCaseSensitive(json, "proto");
	const cJSON *rank = cJSON_GetObjectItemCaseSensitive(json, "rank");
	const char *name = cJSON_IsString(proto) ? proto->valuestring : proto ? "?" : "tcp";
	struct forward_rule r = { 0 };
	int gl, hl;

	if (!cJSON_IsObject(json))
		return error_set(err, EINVAL, "forward: not an object");
	r.dynamic = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "dynamic"));
	r.ignore = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "ignore"));
	r.must_be_zero = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "guestIPMustBeZero"));
	r.reverse = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "reverse"));
	while (r.proto < ARRAY_LEN(protos) && strcmp(name, protos[r.proto]) != 0)
		r.proto++;
	if (r.proto == ARRAY_LEN(protos) || (r.proto == FORWARD_ANY && !r.dynamic))
		return error_set(err, EINVAL, "proto: neither tcp nor udp");
	if (cJSON_IsNumber(rank) && rank->valuedouble >= 0 && rank->valuedouble <= RANK_MAX)
		r.rank = rank->valueint;
	if (forward_rule_end(json, guest, a, &r.guest_socket, &r.guest_ip, r.guest_port, err) < 0 ||
	    forward_rule_end(json, host, a, &r.host_socket, &r.host_ip, r.host_port, err) < 0)
		return -1;
	if ((r.reverse && (!*r.guest_socket || !*r.host_socket)) || (r.dynamic && (*r.guest_socket || r.reverse)) ||
	    (*r.guest_socket && r.proto != FORWARD_TCP))
		return error_set(err, EINVAL, "sockets: no such forward");
	gl = r.guest_port[1] - r.guest_port[0];
	hl = r.host_port[1] - r.host_port[0];
	if (gl != hl)
		return error_set(err, EINVAL, "guestPortRange has %d ports and hostPortRange %d", gl + 1, hl + 1);
	*out = r;
	return 0;
}

static void
end_json(cJSON *json, const char *const keys[3], const char *socket, const char *ip, const int port[2])
{
	cJSON *pair;

	if (socket && *socket) {
		cJSON_AddStringToObject(json, keys[0], socket);
		return;
	}
	cJSON_AddStringToObject(json, keys[1], ip && *ip ? ip : "127.0.0.1");
	pair = cJSON_AddArrayToObject(json, keys[2]);
	cJSON_AddItemToArray(pair, cJSON_CreateNumber(port[0]));
	cJSON_AddItemToArray(pair, cJSON_CreateNumber(port[1]));
}

static void
forward_rule_add_flag(cJSON *json, const char *key, bool set)
{
	if (set)
		cJSON_AddTrueToObject(json, key);
}

cJSON *
forward_rule_json(const struct forward_rule *r)
{
	static const char *const guest[] = { "guestSocket", "guestIP", "guestPortRange" };
	static const char *const host[] = { "hostSocket", "hostIP", "hostPortRange" };
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "proto", protos[r->proto]);
	end_json(json, guest, r->guest_socket, r->guest_ip, r->guest_port);
	end_json(json, host, r->host_socket, r->host_ip, r->host_port);
	forward_rule_add_flag(json, "reverse", r->reverse);
	forward_rule_add_flag(json, "dynamic", r->dynamic);
	forward_rule_add_flag(json, "ignore", r->ignore);
	forward_rule_add_flag(json, "guestIPMustBeZero", r->must_be_zero);
	if (r->rank)
		cJSON_AddNumberToObject(json, "rank", r->rank);
	return json;
}
