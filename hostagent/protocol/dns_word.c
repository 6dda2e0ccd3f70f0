#include "hostagent/protocol/dns_word.h"

#include <stdlib.h>
#include <string.h>

int
dns_word_port(const char *text)
{
	size_t n = strspn(text, "0123456789");
	long port = n >= 1 && n <= 5 && !text[n] ? strtol(text, NULL, 10) : -1;

	return port <= 65535 ? (int)port : -1;
}
