# `serve PORT` holds every connection and sends back its first byte; `hold ADDRESS PORT COUNT` opens
# so many, each of which has carried a byte both ways, prints "ready" and keeps them until its
# standard input ends.
use strict;
use warnings;
use Socket;

# The first of a client's connections: what earlier clients left may go.
my ($FIRST, $NEXT) = ('1', '+');

sub serve {
    my ($port) = @_;
    local $SIG{PIPE} = 'IGNORE';
    socket(my $listener, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
    setsockopt($listener, SOL_SOCKET, SO_REUSEADDR, 1) or die "setsockopt: $!";
    bind($listener, sockaddr_in($port, INADDR_ANY)) or die "bind: $!";
    listen($listener, 1024) or die "listen: $!";
    my @held;
    while (accept(my $client, $listener)) {
        sysread($client, my $byte, 1) or next;
        @held = () if $byte eq $FIRST;
        syswrite($client, $byte);
        push @held, $client;
    }
}

sub hold {
    my ($address, $port, $count) = @_;
    my @held;
    for my $index (1 .. $count) {
        socket(my $server, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
        connect($server, sockaddr_in($port, inet_aton($address))) or die "connect: $!";
        syswrite($server, $index == 1 ? $FIRST : $NEXT);
        sysread($server, my $byte, 1) or die "connection $index ended";
        push @held, $server;
    }
    $| = 1;
    print "ready\n";
    <STDIN>;
}

my ($verb, @rest) = @ARGV;
$verb eq 'serve' ? serve(@rest) : hold(@rest);
