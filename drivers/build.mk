# External drivers, either side of upstream's protocol: lima-drive speaks with one that somebody else wrote.
DRIVER_WIRE := $(call tree,drivers/wire) $(addprefix guest/wire/,grpc.c grpc_recv.c grpc_send.c pb.c ga_msg.c ga_msg_ports.c ga_port.c)
DRIVE := $(call src,drivers/drive) $(DRIVER_WIRE) $(addprefix providers/,pidfile.c sock.c)
LIBS_DRIVE := -Wl,-Bstatic -lnghttp2 -Wl,-Bdynamic -lcjson -lpthread -lm $(if $(SAN),-lcrypto)
# Ours, served: what runs a machine of ours, for whoever speaks that protocol.
SERVE := $(call src,drivers/serve) $(DRIVER_WIRE)
PLAY := drivers/play/main.c $(SERVE) $(addprefix providers/,line_talk.c sock.c)
DRIVER_QEMU := $(call src,drivers/qemu) $(SERVE) $(call src,providers/drivers/qemu) $(addprefix providers/,disk/image.c disk/image_vhdx.c disk/image_disk.c disk_serial.c instance_mac.c \
	json_table.c launch.c launch_files.c pidfile.c pidfile_doubt.c snapshot_tag.c sock.c)
LIBS_DRIVER_QEMU := -Wl,-Bstatic -lnghttp2 -lcrypto -Wl,-Bdynamic -lcjson -lpthread -lm
