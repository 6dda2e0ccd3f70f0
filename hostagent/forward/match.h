/*
 * hostagent/forward/match.h - which rule of portForwards a port of the guest falls under. Pure.
 *
 * reference: agents.md, 3.2 and 3.3.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "guest/wire/ga_port.h"
#include "hostagent/protocol/forward_rule.h"

struct endpoint;

enum match { MATCH_NONE, MATCH_IGNORE, MATCH_FORWARD };

/* Of the rules that match, the one of the lowest rank. `host` is set for MATCH_FORWARD. */
enum match match_port(const struct forward_rule *const *rules, size_t n, const struct ga_port *p, struct endpoint *host);
bool match_wildcard(const struct ga_port *p);	/* it listens on every address */
