/*
 * The order of calls that upstream keeps: Info, Configure, Validate, Create, CreateDisk, Start, AdditionalSetupForSSH; then the
 * machine runs until Start's stream ends, or Stop was answered.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "drivers/drive/drive.h"
#include "drivers/wire/driver_msg.h"

enum { START_MS = 120000 };

static const struct step {
	const char *method;
	int ms;
} steps[] = {
	{ "Info", 10000 }, { "Configure", 10000 }, { "Validate", 10000 }, { "Create", 120000 }, { "CreateDisk", 600000 },
	{ "Start", START_MS }, { "AdditionalSetupForSSH", 30000 },
};

enum { STEP_INFO = 0, STEP_CONFIGURE = 1, STEP_VALIDATE = 2, STEP_START = 5 };

static void drive_step(struct drive *d);

static int
drive_check_info(struct drive *d, const uint8_t *p, size_t len, struct error *err)
{
	struct driver_info info;
	const char *json;
	size_t n;

	if (driver_msg_bytes(p, len, &json, &n, err) < 0 || driver_info_parse(json, n, &info, err) < 0)
		return -1;
	if (info.moves)
		return error_set(err, ERR_UNSUPPORTED, "the address of its guest is known only once that runs, which is not supported");
	fprintf(stderr, "lima-driver-%s calls itself `%s`\n", d->name, info.name);
	return 0;
}

/* The driver's view of the instance is the driver's; that it has one, and of this instance, is all that we hold it to. */
static int
drive_check_config(const uint8_t *p, size_t len, struct error *err)
{
	const char *json;
	size_t n;

	if (driver_msg_bytes(p, len, &json, &n, err) < 0)
		return -1;
	return n && *json == '{' ? 0 : error_set(err, EPROTO, "Configure: what it answers is no instance");
}

static void
on_step(struct drive *d, const struct error *e, const uint8_t *p, size_t len)
{
	struct error why;
	int r = 0;

	if (d->over)
		return;
	if (e) {
		drive_fail(d, "%s", e->msg);
		return;
	}
	if (d->step == STEP_INFO)
		r = drive_check_info(d, p, len, &why);
	else if (d->step == STEP_CONFIGURE)
		r = drive_check_config(p, len, &why);
	if (r < 0) {
		drive_fail(d, "%s: %s", steps[d->step].method, why.msg);
		return;
	}
	d->step++;
	drive_step(d);
}

static void
drive_step(struct drive *d)
{
	const struct step *s = &steps[d->step];
	struct error why;
	int r;

	if (d->validates && d->step > STEP_VALIDATE) {
		d->over = true;
		return;
	}
	if (d->step == ARRAY_LEN(steps)) {
		drive_up(d);
		return;
	}
	if (d->step == STEP_START)
		r = drive_start(d, s->ms, &why);
	else
		r = drive_call(d, s->method, s->ms, d->config.s, d->step == STEP_CONFIGURE ? d->config.len : 0, on_step, &why);
	if (r < 0)
		drive_fail(d, "%s", why.msg);
}

void
drive_connected(struct drive *d)
{
	drive_step(d);
}

/* The first says whether the boot has begun; each failure behind it is a word for the log, a success the end. */
void
drive_heard(struct drive *d, bool success, const char *why)
{
	if (d->told == 1 && !success) {
		drive_fail(d, "Start: %s", *why ? why : "it does not say why");
	} else if (d->told == 1) {
		d->step = STEP_START + 1;
		drive_step(d);
	} else if (!success) {
		fprintf(stderr, "lima-driver-%s: %s\n", d->name, why);
	} else {
		d->over = true;
	}
}

void
drive_started(struct drive *d, const struct error *e)
{
	if (d->over)
		return;
	if (e && !d->asked_to_stop)
		drive_fail(d, "%s", e->msg);
	else if (!d->told)
		drive_fail(d, "Start: it has ended without a word");
	d->over = true;
}
