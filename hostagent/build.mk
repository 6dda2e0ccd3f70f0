# What of providers/ the host agent uses.
AGENT_EXTRA += $(addprefix providers/,launch.c forward_rule.c pidfile.c qemu.c qemu_arch.c qemu_proc.c qmp.c sock.c \
	ssh.c ssh_exec.c ssh_heap.c ssh_link.c sshfs.c mount_check.c dns_word.c)
# The server of folders for sshfs, a process of its own.
AGENT_EXTRA += $(wildcard hostagent/sftpd/*.c)
