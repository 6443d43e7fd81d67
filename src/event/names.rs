//! The names that logs use: data for [`keys`](super::keys).

use super::Field;
use super::keys::Role;

/// The names of each meaning, the best first; case, `_`, `-`, `@` and `:` do not count. A name in
/// one of [`CONTAINERS`] (`request.headers.Host`) is found without it.
#[rustfmt::skip]
pub(super) const NAMES: &[(Role, &[&str])] = &[
    (Role::Time, &[
        "@timestamp", "StartUTC", "StartLocal", "EdgeStartTimestamp", "EdgeEndTimestamp",
        "start_time", "timestamp", "time_stamp", "time_iso8601", "ts", "time", "time_local",
        "datetime", "event_time", "event_timestamp", "log_time", "log_timestamp", "logged_at",
        "asctime", "timeMillis", "__REALTIME_TIMESTAMP", "msec", "date", "t", "request_time_epoch",
        "req_time_sec", "started_at", "time_unix_nano", "observed_time_unix_nano",
        "date_time", "start", "rt", "EventTime", "TimeGenerated", "TimeGenerated [UTC]",
    ]),
    (Role::Request, &[
        "request_line", "request", "http_request", "req",
    ]),
    (Role::Trace, &[
        "stack_trace", "stacktrace", "error.stack_trace", "exception", "throwable", "exc_info",
        "thrown.extendedStackTrace", "exception.stacktrace", "error.stack", "stack",
    ]),
    (Role::Field(Field::Client), &[
        "client_ip", "ClientHost", "c-ip", "src_ip", "source_ip", "client_addr", "client_address",
        "remote_addr", "remote_ip", "remote_address", "client.ip", "client.address", "source.ip",
        "source.address", "remote_host", "ClientAddr", "ip", "ip_address", "ip_addr", "user_ip",
        "downstream_remote_address", "source_ip_address", "client", "remote", "src", "peer",
        "cli_ip", "ip_client", "network.client.ip", "id.orig_h", "c_ip", "req.remote_address",
        "http.client_ip", "fwd",
    ]),
    (Role::Field(Field::Method), &[
        "request_method", "ClientRequestMethod", "http_method", "cs-method", "method", "verb",
        "req_method", "http.request.method",
    ]),
    (Role::Field(Field::Target), &[
        "request_uri", "ClientRequestURI", "cs-uri", "request_url", "RequestPath",
        "x-envoy-original-path", "x-envoy-origin-path", "uri", "url.original", "url", "http_url",
        "ClientRequestPath", "uri_path", "cs-uri-stem", "url.path", "path", "target",
        "req_path", "resource_path", "uri_stem", "http.target", "request_path",
    ]),
    (Role::Field(Field::Query), &[
        "query_string", "ClientRequestQuery", "request_query", "cs-uri-query", "url.query",
        "uri_query", "args", "query", "query_str", "qstr",
    ]),
    (Role::Field(Field::Version), &[
        "server_protocol", "request_protocol", "ClientRequestProtocol", "http_version",
        "cs-version", "http.version", "protocol", "proto",
    ]),
    (Role::Field(Field::Status), &[
        "EdgeResponseStatus", "DownstreamStatus", "response_status", "response_code", "sc-status",
        "http_status", "http_status_code", "status_code", "status", "response.status",
        "response.status_code", "response.http_code", "http.status_code", "response",
        "res.status_code", "http.response.status_code", "code",
    ]),
    (Role::Field(Field::BytesOut), &[
        "body_bytes_sent", "bytes_sent", "EdgeResponseBytes", "DownstreamContentSize",
        "response_body_size", "response_size", "sc-bytes", "sent_bytes", "bytes",
        "response.body.bytes", "response.bytes", "size", "response.size", "response_length",
        "response_bytes", "bytes_out", "response_body_len", "rsp_content_len", "length",
    ]),
    (Role::Field(Field::BytesIn), &[
        "request_length", "bytes_received", "request_size", "RequestContentSize",
        "ClientRequestBytes", "cs-bytes", "bytes_read", "request.body.bytes", "request.size",
        "request_bytes", "received_bytes", "bytes_in", "request_body_len",
    ]),
    (Role::Field(Field::Referer), &[
        "http_referer", "http_referrer", "ClientRequestReferer", "request_referer", "cs-referer",
        "referer", "referrer", "headers.referer",
    ]),
    (Role::Field(Field::UserAgent), &[
        "http_user_agent", "ClientRequestUserAgent", "request_user_agent", "cs-user-agent",
        "user_agent", "user_agent.original", "headers.user-agent", "ua", "agent", "http_agent",
        "request_client_application", "http.user_agent",
    ]),
    (Role::Field(Field::Host), &[
        "site", "vhost", "virtual_host", "x-host-header", "ClientRequestHost", "RequestHost", "request_host",
        "http_host", "host", ":authority", "cs-host", "server_name", "original_request_host",
        "domain", "url.domain", "headers.host", "shop", "RequestAddr", "req_host",
        "authority", "domain_name", "http.host", "http.hostname", "properties.hostname",
        "source_service_name", "server.address",
    ]),
    (Role::Field(Field::User), &[
        "remote_user", "ClientUsername", "cs-username", "auth_user", "user_name", "user",
        "user.name", "user_id",
    ]),
    (Role::Field(Field::ContentType), &[
        "request_content_type", "http_content_type", "cs-content-type", "content_type",
        "headers.content-type",
    ]),
    (Role::Field(Field::Cookie), &[
        "http_cookie", "request_cookie", "cs-cookie", "cookie", "cookies", "headers.cookie",
    ]),
    (Role::Field(Field::ForwardedFor), &[
        "http_x_forwarded_for", "x_forwarded_for", "request_x_forwarded_for", "forwarded_for",
        "xff", "headers.x-forwarded-for",
    ]),
    (Role::Field(Field::TimeTaken), &[
        "request_time", "time_taken", "duration", "duration_ms", "latency", "latency_ms",
        "elapsed", "elapsed_ms", "response_time", "took",
    ]),
    (Role::Field(Field::ServerIp), &[
        "server_addr", "server_ip", "s-ip", "local_address", "host_ip", "destination.ip",
        "dst_ip", "dest_ip",
    ]),
    (Role::Field(Field::ServerPort), &[
        "server_port", "s-port", "local_port", "host_port", "destination.port",
    ]),
    (Role::Field(Field::Body), &[
        "request_body", "cs-body", "req_body", "post_data", "body", "body.content",
    ]),
    (Role::Field(Field::ResponseBody), &[
        "response_body", "sc-body", "resp_body", "response.body", "response.body.content",
    ]),
    (Role::Field(Field::Message), &[
        "message", "msg", "log", "short_message", "event.original", "text", "_raw", "line",
    ]),
    (Role::Field(Field::Level), &[
        "level", "log.level", "log_level", "level_name", "severity", "severity_text", "lvl",
    ]),
    (Role::Field(Field::Logger), &[
        "logger", "logger_name", "log.logger", "component",
    ]),
    (Role::Field(Field::Thread), &[
        "thread", "thread_name", "process.thread.name",
    ]),
    (Role::Field(Field::RequestId), &[
        "request_id", "x-request-id", "req_id", "request.id", "unique_id", "RayID", "trace_id",
        "trace.id", "correlation_id", "transaction_id", "transaction.id",
    ]),
    (Role::Field(Field::Session), &[
        "session_id", "session", "sid", "jsessionid",
    ]),
    (Role::Field(Field::Action), &[
        "waf_action", "SecurityAction", "WAFAction", "action", "act", "request_status",
    ]),
    (Role::Field(Field::Operation), &[
        "op", "operation", "operation_name", "op_name", "api", "api_name", "tran_type",
        "txn_type", "telegram_kind",
    ]),
];

/// Containers that say nothing about what they contain.
#[rustfmt::skip]
pub(super) const CONTAINERS: &[&str] = &[
    "access", "apache", "attackdata", "attributes", "context", "contextmap", "ctx", "data", "event",
    "extra", "fields", "http", "httpmessage", "httprequest", "json", "jsonpayload", "labels", "mdc",
    "nginx", "payload", "properties", "proxy", "record", "records", "req", "request", "result",
    "transaction",
];

/// Names that payment gateways' logs use.
#[rustfmt::skip]
pub(super) const GATEWAY: &[&str] = &[
    "op", "operation", "shop_id", "site_id", "merchant_id", "order_id", "order_no", "access_id",
    "tran_id", "trading_id", "payment_id", "member_id", "job_cd", "approve", "forward", "amount",
    "card", "card_no", "card_number", "card.number", "card_masked", "card_token", "pan",
    "masked_pan", "expire", "expiry", "security_code", "securitycode", "holder_name", "err_code",
    "err_info", "telegram_kind", "payment_method",
];
