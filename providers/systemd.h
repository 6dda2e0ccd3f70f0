/* providers/systemd.h - services of the user's systemd: their files, and whether they are started at login. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct error;

/* Does systemd run this host? (LIMACTL_TEST_SYSTEMD in the environment: it does.) */
bool systemd_runs(void);
/* ~/.config/systemd/user/UNIT; to free. */
char *systemd_unit_path(const char *unit);
/* Its text; 1 if it is there, 0 if not, -1. */
int systemd_unit_read(const char *unit, struct buf *text, struct error *err);
/* Writes it and has systemd start it at login; nothing is left of one that could not be enabled. */
int systemd_unit_enable(const char *unit, const char *text, size_t len, struct error *err);
/* The same of a timer, which begins now, too, and of the service that it starts, which is of its name. */
int systemd_timer_enable(const char *timer, const char *timer_text, const char *service, const char *service_text, struct error *err);
/* The opposite; of those that are not there, too. */
int systemd_timer_disable(const char *timer, const char *service, char **told, struct error *err);
/*
 * The opposite; of one that is not there too. Where systemctl has nobody to talk to, what it would remove is removed, and
 * `*told` (to free, or NULL) is what it said.
 */
int systemd_unit_disable(const char *unit, char **told, struct error *err);
