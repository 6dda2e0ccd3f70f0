/*
 * hostagent/dns.c - who answers a question, and when nobody does.
 *
 * Facts of behaviour: lima-vm/lima, pkg/hostagent/dns. Ours: this host's hosts file
 * (upstream's with glibc cannot see it), the names of the addresses of `hosts`, NODATA for
 * other types of a name of ours (a resolver that hears NXDOMAIN for one type
 * forgets the others), SERVFAIL when no server answers (not "there is nothing").
 */
#include "hostagent/dns.h"

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
#include "hostagent/dns_msg.h"
#include "hostagent/dns_names.h"
#include "hostagent/dns_servers.h"

enum {
	TTL = 5,
	MAX_JOBS = 256,		/* questions that wait for a server */
	MAX_ALIASES = 16,
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
	struct dns_names ours, hosts;	/* of lima.yaml, of this host */
	struct file hosts_file, resolv_conf;
	int servers_port;
	bool ipv6, stopping;
	uint64_t looked;
	struct job *first, **last;	/* not answered yet; the next deadline first */
	size_t njobs;			/* with those that were answered without waiting for c-ares */
	uv_timer_t timer;
};

static void on_deadline(uv_timer_t *t);

static size_t
limit(const struct dns_question *q, const struct dns_asker *who)
{
	return who->conn ? DNS_MSG_MAX : q->udp_size;
}

static void
send_answer(struct dns *d, const struct dns_question *q, const struct dns_asker *who, struct buf *b)
{
	dns_answer_end(b, q, limit(q, who));
	dns_listeners_answer(d->listeners, who, b->s, b->len);
}

static void
refuse(struct dns *d, const struct dns_question *q, const struct dns_asker *who, int rcode)
{
	AUTO(buf) b = BUF_INIT;

	dns_answer_begin(&b, q, rcode);
	send_answer(d, q, who, &b);
}

/* Files that change. */

static bool
changed(struct file *f)
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

	dns_names_release(&d->hosts);
	if (fs_read_if(d->hosts_file.path, &b, DNS_NAMES_FILE_MAX, &e) < 0)
		log_warning("names: %s", e.msg);
	else
		dns_names_add_file(&d->hosts, b.s);
	dns_names_sort(&d->hosts);
}

static int
read_servers(struct dns *d, struct error *err)
{
	struct dns_servers *old = d->servers, *new = dns_servers_new(d->loop, d->resolv_conf.path, d->servers_port, err);

	if (!new)
		return -1;
	d->servers = new;
	/* whoever waits for these is told, and asks the others */
	dns_servers_free(old);
	return 0;
}

/* A look at two files a second at most is less than watching what their names link to, and cannot be missed. */
static void
look(struct dns *d)
{
	struct error e;

	if (uv_now(d->loop) - d->looked < LOOK_MS)
		return;
	d->looked = uv_now(d->loop);
	if (changed(&d->hosts_file))
		read_hosts(d);
	if (changed(&d->resolv_conf) && read_servers(d, &e) < 0)
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
arm(struct dns *d)
{
	uint64_t now = uv_now(d->loop);

	if (d->first)
		uv_timer_start(&d->timer, on_deadline, d->first->deadline > now ? d->first->deadline - now : 0, 0);
	else
		uv_timer_stop(&d->timer);
}

static void
on_deadline(uv_timer_t *t)
{
	struct dns *d = t->data;

	while (d->first && d->first->deadline <= uv_now(d->loop)) {
		struct job *j = d->first;

		unlink_job(j);
		refuse(d, &j->q, &j->who, DNS_SERVFAIL);
	}
	arm(d);
}

/* The addresses of an alias' target as its own. */
static void
put_addresses(struct buf *b, const struct dns_question *q, const void *answer, size_t len)
{
	struct in6_addr addr[64];
	size_t n = dns_servers_addresses(answer, len, q->type, addr, ARRAY_LEN(addr)), size = q->type == DNS_A ? 4 : 16;

	dns_answer_begin(b, q, ((const uint8_t *)answer)[3] & 0xf);
	for (size_t i = 0; i < n; i++)
		dns_answer_put(b, q->type, TTL, &addr[i].s6_addr[16 - size], size);
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

static void ask(struct job *j);

static void
on_servers(void *ctx, const void *answer, size_t len, int rcode)
{
	struct job *j = ctx;
	struct dns *d = j->d;

	if (rcode == DNS_ASK_AGAIN && !d->stopping && !j->answered && !j->again) {
		j->again = true;
		ask(j);
		return;
	}
	if (!j->answered)
		answer_job(j, answer, len, rcode == DNS_ASK_AGAIN ? DNS_SERVFAIL : rcode);
	d->njobs--;
	free(j);
	if (!d->stopping)
		arm(d);
}

static void
ask(struct job *j)
{
	AUTO(buf) b = BUF_INIT;
	uint16_t id = 0;

	/* what an answer from elsewhere would have to guess; without entropy there is no kernel that runs us */
	if (getrandom(&id, sizeof id, GRND_NONBLOCK) < 0)
		id = (uint16_t)uv_hrtime();
	dns_question_put(&b, &j->ask, id);
	dns_servers_ask(j->d->servers, b.s, b.len, on_servers, j);
}

static void
forward(struct dns *d, const struct dns_question *q, const struct dns_question *as, const struct dns_asker *who)
{
	struct job *j;

	if (d->njobs == MAX_JOBS) {
		refuse(d, q, who, DNS_SERVFAIL);
		return;
	}
	j = xcalloc(1, sizeof *j);
	*j = (struct job){ .d = d, .q = *q, .ask = *as, .who = *who, .deadline = uv_now(d->loop) + DEADLINE_MS, .back = d->last };
	*d->last = j;
	d->last = &j->next;
	d->njobs++;
	arm(d);
	ask(j);
}

/* What is known here. */

static bool
is_v4(const struct in6_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(a);
}

/* Those of the family that was asked for; how many? */
static size_t
put_entries(struct buf *b, const struct dns_question *q, const struct dns_name *e, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (!e[i].alias && is_v4(&e[i].addr) == (q->type == DNS_A)) {
			dns_answer_put(b, q->type, TTL, &e[i].addr.s6_addr[q->type == DNS_A ? 12 : 0], q->type == DNS_A ? 4 : 16);
			count++;
		}
	return count;
}

static void
put_name(struct buf *b, uint16_t type, const char *text)
{
	uint8_t name[DNS_NAME_MAX];
	int len = dns_name_put(name, text);

	if (len > 0)
		dns_answer_put(b, type, TTL, name, (size_t)len);
}

/* Through aliases to their end: its entries, or NULL and the name at which our knowledge ends. */
static const struct dns_name *
follow(const struct dns *d, const char **name, size_t *n)
{
	for (int i = 0; i < MAX_ALIASES; i++) {
		const struct dns_name *e = dns_names_find(&d->ours, *name, n);

		if (!e || !e->alias)
			return e;
		*name = e->alias;
	}
	*n = 0;
	return NULL;
}

/* Is the answer in `b`? Otherwise `as` has the name for which somebody else is to be asked. */
static bool
known(const struct dns *d, const struct dns_question *q, struct dns_question *as, struct buf *b)
{
	char text[DNS_NAME_MAX + 1];
	const char *name = text, *reverse;
	const struct dns_name *e;
	struct in6_addr addr;
	size_t n;
	int len;

	if (dns_name_text(text, q->name, q->name_len) < 0)
		return false;
	if (q->type == DNS_PTR && dns_name_address(&addr, text) == 0) {
		reverse = dns_names_of(&d->ours, &addr);
		if (!reverse)
			reverse = dns_names_of(&d->hosts, &addr);
		if (reverse)
			put_name(b, DNS_PTR, reverse);
		return reverse;
	}
	e = follow(d, &name, &n);
	if (q->type != DNS_A && q->type != DNS_AAAA) {
		if (strcmp(name, text) != 0)
			put_name(b, DNS_CNAME, name);
		return e || name != text;
	}
	if (e)
		return put_entries(b, q, e, n), true;
	e = dns_names_find(&d->hosts, name, &n);
	if (e && put_entries(b, q, e, n))
		return true;
	if (name != text && (len = dns_name_put(as->name, name)) > 0)
		as->name_len = (size_t)len;
	return false;
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
	/* a zone is many messages */
	if (!rcode && (q.type == DNS_AXFR || q.type == DNS_IXFR))
		rcode = DNS_REFUSED;
	if (rcode) {
		refuse(d, &q, who, rcode);
		return;
	}
	look(d);
	as = q;
	dns_answer_begin(&b, &q, DNS_NOERROR);
	if (q.class == 1 && ((q.type == DNS_AAAA && !d->ipv6) || known(d, &q, &as, &b)))
		send_answer(d, &q, who, &b);
	else
		forward(d, &q, &as, who);
}

static void
on_closed(uv_handle_t *h)
{
	struct dns *d = h->data;

	dns_names_release(&d->ours);
	dns_names_release(&d->hosts);
	free(d->hosts_file.path);
	free(d->resolv_conf.path);
	free(d);
}

void
dns_set_names(struct dns *d, const struct dns_config *c)
{
	dns_names_release(&d->ours);
	for (size_t i = 0; i < c->nhosts; i++)
		dns_names_add(&d->ours, c->hosts[i].name, c->hosts[i].value);
	dns_names_sort(&d->ours);
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
	changed(&d->hosts_file);
	changed(&d->resolv_conf);
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
	uv_close((uv_handle_t *)&d->timer, on_closed);
}
