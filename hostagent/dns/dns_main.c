/* hostagent/dns/dns_main.c - the name server alone, for those who want to know what it would tell a guest */
#include <signal.h>
#include <stdio.h>

#include "base/error.h"
#include "hostagent/agent.h"
#include "hostagent/dns/dns.h"
#include "hostagent/protocol/dns_word.h"

struct alone {
	struct dns *dns;
	uv_signal_t signals[2];
};

static void
dns_main_on_signal(uv_signal_t *s, int number)
{
	struct alone *a = s->data;

	(void)number;
	dns_stop(a->dns);
	for (size_t i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&a->signals[i], NULL);
}

int
dns_main(char **words)
{
	static const int numbers[] = { SIGINT, SIGTERM };
	struct dns_config c = { .udp_port = words[1] ? dns_word_port(words[1]) : -1 };
	struct alone a;
	struct error e;
	uv_loop_t loop;

	c.tcp_port = c.udp_port >= 0 && words[2] ? dns_word_port(words[2]) : -1;
	c.ipv6 = c.tcp_port >= 0 && words[3] && *words[3] == '1';
	if (c.tcp_port < 0 || uv_loop_init(&loop) < 0) {
		fprintf(stderr, "usage: lima-hostagent " DNS_WORD " UDPPORT TCPPORT 0|1\n");
		return 2;
	}
	a.dns = dns_start(&loop, &c, &e);
	if (!a.dns) {
		log_error("%s", e.msg);
		return 1;
	}
	for (size_t i = 0; i < 2; i++) {
		uv_signal_init(&loop, &a.signals[i]);
		a.signals[i].data = &a;
		uv_signal_start(&a.signals[i], dns_main_on_signal, numbers[i]);
	}
	log_info("names: answering on 127.0.0.1, UDP port %d, TCP port %d", c.udp_port, c.tcp_port);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop) < 0;
}
