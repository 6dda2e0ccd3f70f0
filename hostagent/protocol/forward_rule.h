/*
 * hostagent/protocol/forward_rule.h - one forward as limactl tells it to the host agent.
 *
 * The wire form is JSON, the keys those of portForwards in lima.yaml:
 *	{"proto":"tcp","guestIP":"127.0.0.1","guestPortRange":[80,80],
 *	 "hostIP":"127.0.0.1","hostPortRange":[8080,8080]}
 * or guestSocket / hostSocket instead of the ranges; `reverse` as there.
 *
 * "dynamic": true makes it a rule for ports as they appear in the guest, which
 * may also be "ignore": true, of "proto":"any", and "guestIPMustBeZero". Of the rules that match
 * a port the one with the lowest "rank" counts, which is how the order in lima.yaml is told
 * without telling it for rules that have no port in common.
 */
#pragma once
#include <stdbool.h>

struct arena;
struct cJSON;
struct error;

enum forward_proto { FORWARD_TCP, FORWARD_UDP, FORWARD_ANY };

struct forward_rule {
	enum forward_proto proto;
	const char *guest_ip, *host_ip;		/* numeric; "" beside a socket */
	int guest_port[2], host_port[2];	/* first and last; 0: a socket is meant */
	const char *guest_socket, *host_socket;	/* ""; absolute */
	bool reverse;
	bool dynamic, ignore, must_be_zero;
	int rank;
};

/* Checks what the wire says: addresses, ranges of equal length, port 1..65535. Strings in `a`. */
int forward_rule_parse(const struct cJSON *json, struct arena *a, struct forward_rule *out, struct error *err);
struct cJSON *forward_rule_json(const struct forward_rule *rule);	/* to cJSON_Delete() */
