//! One line for each file under `catalogue/`; a test finds what is missing.

macro_rules! kinds {
    ($($path:literal),* $(,)?) => {
        /// Paths below `catalogue/` and texts of all embedded kinds.
        pub const EMBEDDED: &[(&str, &str)] =
            &[$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/catalogue/", $path)))),*];
    };
}

kinds! {
    "aws/api-gateway-websocket.yaml",
    "aws/api-gateway.yaml",
    "aws/cloudfront.yaml",
    "aws/elasticache-redis.yaml",
    "aws/fargate-service-behind-alb.yaml",
    "aws/fargate-service.yaml",
    "aws/lambda.yaml",
    "aws/rds-postgres.yaml",
    "aws/s3.yaml",
    "aws/sns.yaml",
    "aws/sqs-fifo.yaml",
    "aws/sqs.yaml",
    "aws/waf.yaml",
    "core/cache.yaml",
    "core/language-model.yaml",
    "core/queue.yaml",
    "core/service.yaml",
    "core/store.yaml",
    "core/third-party.yaml",
    "core/webhooks.yaml",
    "kubernetes/deployment.yaml",
    "n8n/workflows.yaml",
    "nemeses/az-loss.yaml",
    "nemeses/mass-restart-at-peak.yaml",
    "nemeses/purge-all-under-load.yaml",
    "nemeses/rolling-gray-zone.yaml",
    "nemeses/swizzle-clog.yaml",
    "nemeses/throttling-cascade.yaml",
    "openai/chat-by-tokens.yaml",
    "openai/chat.yaml",
    "openai/embeddings.yaml",
    "pinecone/index.yaml",
    "redis/cache.yaml",
    "security/dependency-scan.yaml",
    "security/secret-scan.yaml",
    "security/static-analysis.yaml",
    "shopify/admin-api-advanced.yaml",
    "shopify/admin-api-plus.yaml",
    "shopify/admin-api.yaml",
    "shopify/webhooks.yaml",
    "supabase/auth.yaml",
    "supabase/pooler-large.yaml",
    "supabase/pooler-medium.yaml",
    "supabase/pooler-xl.yaml",
    "supabase/pooler.yaml",
    "supabase/postgres-2xl.yaml",
    "supabase/postgres-large.yaml",
    "supabase/postgres-medium.yaml",
    "supabase/postgres-small.yaml",
    "supabase/postgres-xl.yaml",
    "supabase/postgres.yaml",
    "supabase/realtime.yaml",
    "supabase/storage.yaml",
    "third-party/api.yaml",
    "third-party/notifications.yaml",
    "vercel/edge.yaml",
    "vercel/functions.yaml",
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn files(folder: &Path, prefix: &str, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                files(&entry.path(), &format!("{name}/"), found)
            } else {
                found.push(name)
            }
        }
    }

    #[test]
    fn every_file_of_the_catalogue_is_embedded() {
        let mut found = Vec::new();
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue"), "", &mut found);
        found.sort();
        let embedded: Vec<&str> = EMBEDDED.iter().map(|(path, _)| *path).collect();
        assert_eq!(embedded, found);
    }
}
