/* hostagent/dns/dns_known.h - what can be answered here: by lima.yaml's names, and by those of this host. */
#pragma once
#include <stdbool.h>
#include "hostagent/dns/dns_names.h"

struct buf;
struct dns_question;

struct dns_known {
	struct dns_names ours, hosts;
};

void dns_known_release(struct dns_known *k);
/* Is the answer in `b`, which was begun? Otherwise `as`, a copy of `q`, has the name for which somebody else is to be asked. */
bool dns_known_answer(const struct dns_known *k, const struct dns_question *q, struct dns_question *as, struct buf *b);
