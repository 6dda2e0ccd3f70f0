/*
 * hostagent/dns/dns.c - who answers a question, and when nobody does.
 *
 * Facts of behaviour: lima-vm/lima, pkg/hostagent/dns. Ours: this host's hosts file
 * (upstream's with glibc cannot see it), the names of the addresses of `hosts`, NODATA for
 * other types of a name of ours (a resolver that hears NXDOMAIN for one type
 * forgets the others), SERVFAIL when no server answers (not "there is nothing").
 */
#include "hostagent/dns/dns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/dns/dns_known.h"
#include "hostagent/dns/dns_msg.h"
#include "hostagent/dns/dns_servers.h"

enum {
	MAX_JOBS = 256,		/* questions that wait for a server */
	DEADLINE_MS = 4500,	/* before the guest gives up: glibc, systemd-resolved and BusyBox wait 5 s */
	LOOK_MS = 1000,		/* between looks at the files */
};

struct job {
	struct job *next, **back;
	struct dns *d;
	struct dns_question q;		/* as it was asked */
	struct dns_question ask;	/* as the servers are: of the name that it is an alias of */
	struct dns_asker who;
	uint64_t deadline;
	bool answered, again;
};

struct file {
	char *path;
	struct stat st;
};

struct dns {
	uv_loop_t *loop;
	struct dns_listeners *listeners;
	struct dns_servers *servers;
	struct dns_known known;
	struct file hosts_file, resolv_conf;
	int servers_port;
	bool ipv6, stopping;
	uint64_t looked;
	struct job *first, **last;	/* not answered yet; the next deadline first */
	size_t njobs;			/* with those that were answered without waiting for c-ares */
	uv_timer_t timer;
};

static void dns_on_deadline(uv_timer_t *t);

static size_t
dns_limit(const struct dns_question *q, const struct dns_asker *who)
{
	return who->conn ? DNS_MSG_MAX : q->udp_size;
}

static void
send_answer(struct dns *d, const struct dns_question *q, const struct dns_asker *who, struct buf *b)
{
	dns_answer_end(b, q, dns_limit(q, who));
	dns_listeners_answer(d->listeners, who, b->s, b->len);
}

static void
dns_refuse(struct dns *d, const struct dns_question *q, const struct dns_asker *who, int rcode)
{
	AUTO(buf) b = BUF_INIT;

	dns_answer_begin(&b, q, rcode);
	send_answer(d, q, who, &b);
}

/* Files that change. */

static bool
dns_changed(struct file *f)
{
	struct stat st = { 0 };
	bool is;

	if (stat(f->path, &st) < 0)
		st = (struct stat){ 0 };
	is = st.st_ino != f->st.st_ino || st.st_size != f->st.st_size || st.st_mtim.tv_sec != f->st.st_mtim.tv_sec ||
	     st.st_mtim.tv_nsec != f->st.st_mtim.tv_nsec;
	f->st = st;
	return is;
}

static void
read_hosts(struct dns *d)
{
	AUTO(buf) b = BUF_INIT;
	struct error e;

	dns_names_release(&d->known.hosts);
	if (fs_read_if(d->hosts_file.path, &b, DNS_NAMES_FILE_MAX, &e) < 0)
		log_warning("names: %s", e.msg);
	else
		dns_names_add_file(&d->known.hosts, b.s);
	dns_names_sort(&d->known.hosts);
}

static int
read_servers(struct dns *d, struct error *err)
{
	struct dns_servers *old = d->servers, *new = dns_servers_new(d->loop, d->resolv_conf.path, d->servers_port, err);

	if (!new)
		return -1;
	d->servers = new;
	/* Queries that wait for the old servers are told, and ask the new ones. */
	dns_servers_free(old);
	return 0;
}

/* A look at two files a second at most is less than watching what their names link to, and cannot be missed. */
static void
dns_look(struct dns *d)
{
	struct error e;

	if (uv_now(d->loop) - d->looked < LOOK_MS)
		return;
	d->looked = uv_now(d->loop);
	if (dns_changed(&d->hosts_file))
		read_hosts(d);
	if (dns_changed(&d->resolv_conf) && read_servers(d, &e) < 0)
		log_warning("names: %s", e.msg);
}

/* Questions to servers. */

static void
unlink_job(struct job *j)
{
	struct dns *d = j->d;

	*j->back = j->next;
	if (j->next)
		j->next->back = j->back;
	else
		d->last = j->back;
	j->answered = true;
}

static void
dns_arm(struct dns *d)
{
	uint64_t now = uv_now(d->loop);

	if (d->first)
		uv_timer_start(&d->timer, dns_on_deadline, d->first->deadline > now ? d->first->deadline - now : 0, 0);
	else
		uv_timer_stop(&d->timer);
}

static void
dns_on_deadline(uv_timer_t *t)
{
	struct dns *d = t->data;

	while (d->first && d->first->deadline <= uv_now(d->loop)) {
		struct job *j = d->first;

		unlink_job(j);
		dns_refuse(d, &j->q, &j->who, DNS_SERVFAIL);
	}
	dns_arm(d);
}

/* The addresses of an alias' target as its own. */
static void
put_addresses(struct buf *b, const struct dns_question *q, const void *answer, size_t len)
{
	struct in6_addr addr[64];
	size_t n = dns_servers_addresses(answer, len, q->type, addr, ARRAY_LEN(addr)), size = q->type == DNS_A ? 4 : 16;

	dns_answer_begin(b, q, ((const uint8_t *)answer)[3] & 0xf);
	for (size_t i = 0; i < n; i++)
		dns_answer_put(b, q->type, DNS_TTL, &addr[i].s6_addr[16 - size], size);
}

static void
answer_job(struct job *j, const void *answer, size_t len, int rcode)
{
	bool alias = j->ask.name_len != j->q.name_len || memcmp(j->ask.name, j->q.name, j->q.name_len) != 0;
	AUTO(buf) b = BUF_INIT;

	unlink_job(j);
	if (len && alias)
		put_addresses(&b, &j->q, answer, len);
	else if (!len || dns_answer_adopt(&b, &j->q, answer, len) < 0)
		dns_answer_begin(&b, &j->q, len ? DNS_SERVFAIL : rcode);
	send_answer(j->d, &j->q, &j->who, &b);
}

static void dns_ask(struct job *j);

static void
on_servers(void *ctx, const void *answer, size_t len, int rcode)
{
	struct job *j = ctx;
	struct dns *d = j->d;

	if (rcode == DNS_ASK_AGAIN && !d->stopping && !j->answered && !j->again) {
		j->again = true;
		dns_ask(j);
		return;
	}
	if (!j->answered)
		answer_job(j, answer, len, rcode == DNS_ASK_AGAIN ? DNS_SERVFAIL : rcode);
	d->njobs--;
	free(j);
	if (!d->stopping)
		dns_arm(d);
}

static void
dns_ask(struct job *j)
{
	AUTO(buf) b = BUF_INIT;
	uint16_t id = 0;

	/* A forged answer would have to guess this number; every kernel that runs this has entropy. */
	if (getrandom(&id, sizeof id, GRND_NONBLOCK) < 0)
		id = (uint16_t)uv_hrtime();
	dns_question_put(&b, &j->ask, id);
	dns_servers_ask(j->d->servers, b.s, b.len, on_servers, j);
}

static void
dns_forward(struct dns *d, const struct dns_question *q, const struct dns_question *as, const struct dns_asker *who)
{
	struct job *j;

	if (d->njobs == MAX_JOBS) {
		dns_refuse(d, q, who, DNS_SERVFAIL);
		return;
	}
	j = xcalloc(1, sizeof *j);
	*j = (struct job){ .d = d, .q = *q, .ask = *as, .who = *who, .deadline = uv_now(d->loop) + DEADLINE_MS, .back = d->last };
	*d->last = j;
	d->last = &j->next;
	d->njobs++;
	dns_arm(d);
	dns_ask(j);
}

void
dns_take(struct dns *d, const void *p, size_t len, const struct dns_asker *who)
{
	struct dns_question q, as;
	AUTO(buf) b = BUF_INIT;
	int rcode = dns_question_parse(&q, p, len);

	if (rcode < 0) {
		dns_listeners_answer(d->listeners, who, NULL, 0);
		return;
	}
	/* A zone takes many messages. */
	if (!rcode && (q.type == DNS_AXFR || q.type == DNS_IXFR))
		rcode = DNS_REFUSED;
	if (rcode) {
		dns_refuse(d, &q, who, rcode);
		return;
	}
	dns_look(d);
	as = q;
	dns_answer_begin(&b, &q, DNS_NOERROR);
	if (q.class == 1 && ((q.type == DNS_AAAA && !d->ipv6) || dns_known_answer(&d->known, &q, &as, &b)))
		send_answer(d, &q, who, &b);
	else if (q.recurse)
		dns_forward(d, &q, &as, who);
	else	/* nobody else is to be asked: RFC 1035, 4.1.1; so a network with rules has what is known here, and no more */
		dns_refuse(d, &q, who, DNS_REFUSED);
}

static void
dns_on_closed(uv_handle_t *h)
{
	struct dns *d = h->data;

	dns_known_release(&d->known);
	free(d->hosts_file.path);
	free(d->resolv_conf.path);
	free(d);
}

void
dns_set_names(struct dns *d, const struct dns_config *c)
{
	dns_names_release(&d->known.ours);
	for (size_t i = 0; i < c->nhosts; i++)
		dns_names_add(&d->known.ours, c->hosts[i].name, c->hosts[i].value);
	dns_names_sort(&d->known.ours);
	d->ipv6 = c->ipv6;
}

struct dns *
dns_start(uv_loop_t *loop, const struct dns_config *c, struct error *err)
{
	struct dns *d = xcalloc(1, sizeof *d);

	d->loop = loop;
	d->last = &d->first;
	d->hosts_file.path = xstrdup(c->hosts_file ? c->hosts_file : "/etc/hosts");
	d->resolv_conf.path = xstrdup(c->resolv_conf ? c->resolv_conf : "/etc/resolv.conf");
	d->servers_port = c->servers_port ? c->servers_port : 53;
	dns_set_names(d, c);
	uv_timer_init(loop, &d->timer);
	d->timer.data = d;
	dns_changed(&d->hosts_file);
	dns_changed(&d->resolv_conf);
	read_hosts(d);
	d->looked = uv_now(loop);
	if (read_servers(d, err) < 0 || !(d->listeners = dns_listeners_new(d, loop, c, err))) {
		dns_stop(d);
		return NULL;
	}
	return d;
}

void
dns_stop(struct dns *d)
{
	if (!d || d->stopping)
		return;
	d->stopping = true;
	dns_servers_free(d->servers);
	dns_listeners_free(d->listeners);
	uv_close((uv_handle_t *)&d->timer, dns_on_closed);
}
