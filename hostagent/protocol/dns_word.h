/* hostagent/protocol/dns_word.h - how the host agent's program is asked for the name server alone: `limactl debug dns` */
#pragma once

/* `lima-hostagent WORD UDPPORT TCPPORT 0|1`: with IPv6 or not, until a signal ends it; port 0: none */
#define DNS_WORD "name-server"

/* A whole number up to 65535, or -1. */
int dns_word_port(const char *text);
