# `serve PORT` sends every datagram back; `ask ADDRESS PORT FLOWS SECONDS` has one of each of so many
# sockets on its way for that long, and prints how many came back in how many seconds and how many
# had to be sent again.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(time);

my $SIZE = 64;
# Longer than any answer takes that still comes.
my $PATIENCE = 0.2;

sub serve {
    my ($port) = @_;
    socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!";
    bind($socket, sockaddr_in($port, INADDR_ANY)) or die "bind: $!";
    while (defined(my $from = recv($socket, my $datagram, 2048, 0))) {
        send($socket, $datagram, 0, $from);
    }
}

sub ask {
    my ($address, $port, $flows, $seconds) = @_;
    my ($mask, $datagram) = ('', 'x' x $SIZE);
    my @sockets;
    for (1 .. $flows) {
        socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!";
        connect($socket, sockaddr_in($port, inet_aton($address))) or die "connect: $!";
        vec($mask, fileno($socket), 1) = 1;
        push @sockets, $socket;
    }
    my ($began, $answers, $again) = (time, 0, 0);
    send($_, $datagram, 0) for @sockets;
    while (time - $began < $seconds) {
        my $found = select(my $readable = $mask, undef, undef, $PATIENCE);
        if ($found == 0) {
            $again += $flows;
            send($_, $datagram, 0) for @sockets;
        }
        for my $socket (@sockets) {
            next unless vec($readable, fileno($socket), 1);
            defined(recv($socket, my $answer, 2048, 0)) or die "recv: $!";
            $answers += 1;
            send($socket, $datagram, 0);
        }
    }
    printf "%d %.6f %d\n", $answers, time - $began, $again;
}

my ($verb, @rest) = @ARGV;
$verb eq 'serve' ? serve(@rest) : ask(@rest);
