/*
 * hostagent/ready/readiness_told.h - which conditions are met by what the guest agent tells (guest/wire/ga_msg.h: GA_BOOT).
 *
 * That counts for a machine that goes on in the middle of what it did, or of its boot. Its sshd was there before, its agent answers in
 * tenths of a second, and an emulated guest needs seconds for a first login: so nobody logs in who has no other reason to. A guest
 * that boots is asked by SSH, which is then known to work; so is one whose agent does not tell.
 */
#pragma once
#include <stdbool.h>

#include "guest/wire/ga_msg.h"

struct item;
struct require_items;

struct readiness_told {
	bool counts;		/* for this machine, and so far */
	bool sshd;		/* somebody listens where one does */
	struct ga_boot boot;
};

/* Is it met, as that was told of this instance? */
bool readiness_told_meets(const struct readiness_told *t, const struct item *it, const char *iid);
/* Is SSH needed for something that is not settled yet? */
bool readiness_needs_ssh(const struct readiness_told *t, const struct require_items *r);
/* Is there an sshd among them? */
bool readiness_told_sshd(const struct ga_ports *ports);
