// Package register makes Redis and Valkey available to config files, as the kind of store "redis":
//
//	stores:
//	  fleet: {kind: redis, url: {env: REDIS_URL}, settings: {prefix: support}}
//	models:
//	  fast:
//	    model: groq/openai/gpt-oss-20b
//	    middleware:
//	      - rate_limit: {requests: 500, shared: {store: fleet, store_down: refuse}}
//
// It is imported for that alone. Package providers/all leaves it out: a program that shares nothing links no Redis.
package register

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"

	"github.com/parley-llm/parley/llm/redisstore"
	"github.com/parley-llm/parley/providers"
)

func init() { providers.RegisterStore("redis", open) }

// Settings are those of a store in Redis, besides its address. The address has the form
// redis://user:password@host:6379/0, or with rediss:// is reached by TLS; go-redis's own options are
// its query, as in ?read_timeout=1s&pool_size=20.
type Settings struct {
	// Prefix begins the names of all keys. Default "parley".
	Prefix string `yaml:"prefix" json:"prefix"`
	// Cluster says that the address is that of a node of a cluster. More nodes to
	// begin with are its query: ?addr=host2:6379&addr=host3:6379.
	Cluster bool `yaml:"cluster" json:"cluster"`
}

// errURL is all that is said of a wrong address, which may hold a password.
var errURL = errors.New("its url must have the form redis://user:password@host:6379/0, or rediss:// for TLS; " +
	"a query may hold nothing but options of go-redis")

// store is a store that closes its client.
type store struct {
	*redisstore.Store
	client redis.UniversalClient
}

// Close closes the connections.
func (s store) Close() error { return s.client.Close() }

func open(config providers.StoreConfig, s Settings) (any, error) {
	client, err := connect(config, s.Cluster)
	if err != nil {
		return nil, err
	}
	var options []redisstore.Option
	if s.Prefix != "" {
		options = append(options, redisstore.Prefix(s.Prefix))
	}
	return store{redisstore.New(client, options...), client}, nil
}

// connect returns a client, which connects when it is first used.
func connect(config providers.StoreConfig, cluster bool) (redis.UniversalClient, error) {
	if config.URL == "" {
		return nil, errors.New("it has no url, as in \"url: {env: REDIS_URL}\"")
	}
	if cluster {
		o, err := redis.ParseClusterURL(string(config.URL))
		if err != nil {
			return nil, errURL
		}
		if err := secure(o.TLSConfig, config.TLS); err != nil {
			return nil, err
		}
		o.Dialer, o.ContextTimeoutEnabled = dialer(config, o.TLSConfig), true
		return redis.NewClusterClient(o), nil
	}
	o, err := redis.ParseURL(string(config.URL))
	if err != nil {
		return nil, errURL
	}
	if err := secure(o.TLSConfig, config.TLS); err != nil {
		return nil, err
	}
	o.Dialer, o.ContextTimeoutEnabled = dialer(config, o.TLSConfig), true
	return redis.NewClient(o), nil
}

// secure adds the file's settings to those that the address asks for.
func secure(to, from *tls.Config) error {
	switch {
	case from == nil:
		return nil
	case to == nil:
		return errors.New("it has tls, and its url does not begin with rediss://")
	}
	to.RootCAs, to.Certificates = from.RootCAs, from.Certificates
	if from.ServerName != "" {
		to.ServerName = from.ServerName
	}
	return nil
}

// dialer returns what connects by the file's egress list, or nil if there is none. go-redis leaves TLS to it.
func dialer(config providers.StoreConfig, secured *tls.Config) func(ctx context.Context, network, address string) (net.Conn, error) {
	if config.Dial == nil || secured == nil {
		return config.Dial
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := config.Dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		inside := tls.Client(conn, secured)
		if err := inside.HandshakeContext(ctx); err != nil {
			_ = conn.Close() // the handshake's error is the one to tell
			return nil, err
		}
		return inside, nil
	}
}
