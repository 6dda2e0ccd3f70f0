# What of providers/ the host agent uses.
AGENT_EXTRA += $(addprefix providers/,launch.c forward_rule.c pidfile.c sock.c \
	ssh.c ssh_exec.c ssh_heap.c ssh_link.c sshfs.c mount_check.c dns_word.c)
# The driver: its half here, and what of the other half it stands on.
AGENT_EXTRA += $(wildcard hostagent/drivers/qemu/*.c) $(addprefix providers/drivers/qemu/,argv.c arch.c proc.c qmp.c)
# The server of folders for sshfs, a process of its own.
AGENT_EXTRA += $(wildcard hostagent/sftpd/*.c)
