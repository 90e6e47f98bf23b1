//! Who is in the sample, and how much they are used.

use crate::outcome::Phase;

pub(super) const MIN: u64 = 60;
/// `(from, to, phase, recovered, strain)`, times in seconds.
pub(super) const SLOTS: [(u64, u64, Phase, bool, f64); 6] = [
    (MIN, 10 * MIN, Phase::Before, false, 0.0),
    (10 * MIN, 15 * MIN, Phase::During, false, 1.0),
    (15 * MIN, 20 * MIN, Phase::Between, false, 0.15),
    (20 * MIN, 22 * MIN, Phase::During, false, 0.5),
    (22 * MIN, 24 * MIN, Phase::After, false, 0.3),
    (24 * MIN, 30 * MIN, Phase::After, true, 0.0),
];
pub(super) const WINDOW: u64 = 10;
pub(super) const WINDOWS: u64 = 180;

/// `(name, kind, place, replicas, busy, service in ms, how much strain reaches it)`.
pub(super) const COMPONENTS: [(&str, &str, &str, u32, f64, f64, f64); 26] = [
    ("vercel-edge", "vercel/edge-network", "edge", 1, 0.0, 4.0, 0.1),
    ("cloudfront", "aws/cloudfront", "edge", 1, 0.0, 6.0, 0.0),
    ("api-gateway", "aws/api-gateway", "us-east-1", 2, 0.41, 3.0, 0.6),
    ("rest-api", "aws/fargate-service", "us-east-1", 6, 0.55, 9.0, 0.7),
    ("graphql-api", "aws/fargate-service", "us-east-1", 4, 0.48, 14.0, 0.7),
    ("websocket", "aws/fargate-service", "us-east-1", 3, 0.22, 2.0, 0.1),
    ("user-service", "aws/fargate-service", "us-east-1", 4, 0.44, 8.0, 0.8),
    ("content-service", "aws/fargate-service", "us-east-1", 4, 0.51, 11.0, 0.8),
    ("commerce-service", "aws/fargate-service", "us-east-1", 4, 0.62, 18.0, 0.9),
    ("data-federation", "aws/fargate-service", "us-east-1", 3, 0.39, 12.0, 0.7),
    ("realtime-service", "aws/fargate-service", "us-east-1", 3, 0.18, 3.0, 0.1),
    ("supabase.pooler", "supabase/pooler", "us-east-1", 1, 0.33, 1.0, 0.9),
    ("supabase.postgres", "supabase/postgres", "us-east-1", 1, 0.58, 6.0, 1.0),
    ("content-storage", "supabase/storage", "us-east-1", 1, 0.0, 22.0, 0.1),
    ("shopify", "shopify/admin-api", "internet", 1, 0.0, 120.0, 0.3),
    ("redis", "aws/elasticache-redis", "us-east-1", 1, 0.12, 0.4, 0.2),
    ("agent-framework", "aws/fargate-service", "us-east-1", 2, 0.35, 40.0, 0.6),
    ("openai", "openai/chat-completions", "internet", 1, 0.0, 900.0, 0.5),
    ("pinecone", "pinecone/serverless-index", "internet", 1, 0.0, 45.0, 0.1),
    ("knowledge-base", "core/service", "us-east-1", 1, 0.27, 15.0, 0.3),
    ("n8n", "core/service", "us-east-1", 1, 0.2, 60.0, 0.4),
    ("external-services", "core/third-party", "internet", 1, 0.0, 210.0, 0.0),
    ("notifications", "aws/sns-topic", "us-east-1", 1, 0.0, 20.0, 0.0),
    ("s3", "aws/s3-bucket", "us-east-1", 1, 0.0, 25.0, 0.0),
    ("lambda-resize", "aws/lambda-function", "us-east-1", 1, 0.3, 80.0, 0.1),
    ("orders-queue", "aws/sqs-queue", "us-east-1", 1, 0.0, 9.0, 0.2),
];

/// `(caller, target, calls per second, how much strain reaches it)`.
pub(super) const EDGES: [(&str, &str, f64, f64); 37] = [
    ("web", "vercel-edge", 360.0, 0.2),
    ("web", "cloudfront", 900.0, 0.0),
    ("mobile", "api-gateway", 205.0, 0.4),
    ("schedules", "n8n", 2.0, 0.2),
    ("vercel-edge", "api-gateway", 210.0, 0.3),
    ("cloudfront", "s3", 45.0, 0.0),
    ("s3", "lambda-resize", 3.0, 0.0),
    ("api-gateway", "rest-api", 240.0, 0.4),
    ("api-gateway", "graphql-api", 150.0, 0.4),
    ("api-gateway", "websocket", 25.0, 0.0),
    ("rest-api", "user-service", 110.0, 0.5),
    ("rest-api", "content-service", 150.0, 0.5),
    ("rest-api", "commerce-service", 60.0, 0.6),
    ("rest-api", "agent-framework", 12.0, 0.4),
    ("graphql-api", "data-federation", 150.0, 0.4),
    ("websocket", "realtime-service", 25.0, 0.0),
    ("user-service", "supabase.pooler", 130.0, 0.9),
    ("user-service", "redis", 110.0, 0.0),
    ("content-service", "supabase.pooler", 90.0, 0.9),
    ("content-service", "redis", 150.0, 0.0),
    ("content-service", "content-storage", 35.0, 0.0),
    ("commerce-service", "supabase.pooler", 80.0, 1.0),
    ("commerce-service", "shopify", 22.0, 0.3),
    ("commerce-service", "orders-queue", 9.0, 0.0),
    ("data-federation", "supabase.pooler", 140.0, 0.9),
    ("data-federation", "shopify", 30.0, 0.3),
    ("realtime-service", "redis", 60.0, 0.0),
    ("supabase.pooler", "supabase.postgres", 440.0, 0.8),
    ("agent-framework", "openai", 14.0, 0.7),
    ("agent-framework", "pinecone", 12.0, 0.0),
    ("agent-framework", "knowledge-base", 12.0, 0.0),
    ("agent-framework", "supabase.pooler", 18.0, 0.9),
    ("knowledge-base", "agent-framework", 0.5, 0.0),
    ("n8n", "supabase.pooler", 4.0, 0.9),
    ("n8n", "external-services", 3.0, 0.0),
    ("n8n", "notifications", 1.5, 0.0),
    ("orders-queue", "n8n", 9.0, 0.0),
];

/// `(workload, client, journey, per second, median in ms, strain)`.
pub(super) const TRAFFIC: [(&str, &str, &str, f64, f64, f64); 4] = [
    ("shoppers", "web", "browse", 320.0, 46.0, 0.5),
    ("shoppers", "web", "checkout", 40.0, 180.0, 1.0),
    ("app-users", "mobile", "feed", 180.0, 62.0, 0.6),
    ("app-users", "mobile", "ask-agent", 25.0, 1150.0, 0.4),
];
