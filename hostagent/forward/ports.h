/*
 * hostagent/forward/ports.h - the ports of the guest, as the guest agent tells of them, and what becomes of each.
 *
 * The guest is hostile: ports beyond MAX_PORTS are not looked at, and one that makes and unmakes
 * ports without end is listened to at a walking pace, so that neither the log nor the host suffers.
 */
#pragma once

struct agent;
struct end;
struct ga_ports;

void ports_all(struct agent *a, const struct ga_ports *now);	/* all there are */
void ports_changed(struct agent *a, const struct ga_ports *added, const struct ga_ports *removed);
void ports_rules_changed(struct agent *a);			/* what becomes of them may be another now */
void ports_end_opened(struct agent *a, const struct end *e);	/* after having been in trouble */
void ports_free(struct agent *a);
