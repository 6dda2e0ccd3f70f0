# guest/debian: the debian guest.
guest-debian:
	@guest/debian/build $(B)/share/lima/guests/debian
.PHONY: guest-debian
