# The switch of user-v2 networks: a program of its own, with libslirp behind it.
USERNET := $(call src,usernet usernet/os/$(SYSTEM))
USERNET_EXTRA := providers/usernet.c providers/pidfile.c hostagent/dns/dns_msg.c
# without a sanitizer nothing of libcrypto is left
LIBS_USERNET := -lslirp -lcjson -lpthread -lm $(if $(SAN),-lcrypto)
