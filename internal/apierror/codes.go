package apierror

import "github.com/parley-llm/parley/llm"

// rank says how much a code decides.
type rank uint8

const (
	unknown    rank = iota
	exact           // the code decides alone
	refinable       // the code outranks the status, and texts refine it
	lastResort      // the code says only "error"; a precise status outranks it
)

// codeRow is the meaning of a code.
type codeRow struct {
	kind   llm.Kind
	rank   rank
	source string
}

// Sources of the rows. An issue is cited as owner/name#number. A row with a document as its
// source follows its codes, but was not checked against a live server.
const (
	openAI     = "https://platform.openai.com/docs/guides/error-codes"
	responses  = "https://platform.openai.com/docs/api-reference/responses-streaming/response/failed"
	azure      = "https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter"
	azureCodes = "https://learn.microsoft.com/azure/ai-foundry/openai/how-to/quota"
	google     = "https://cloud.google.com/apis/design/errors"
	gemini     = "https://ai.google.dev/gemini-api/docs/troubleshooting"
	anthropic  = "https://docs.claude.com/en/api/errors"
	aws        = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html"
	groq       = "https://console.groq.com/docs/errors"
	cerebras   = "https://inference-docs.cerebras.ai/support/error"
	copilot    = "microsoft/vscode#289219"
	dashScope  = "https://help.aliyun.com/zh/model-studio/error-code"
	deepSeek   = "https://api-docs.deepseek.com/quick_start/error_codes"
	liteLLM    = "https://docs.litellm.ai/docs/proxy/users"
	llamaCpp   = "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/server-common.cpp"
	miniMax    = "https://platform.minimax.io/docs/api-reference/errorcode"
	mistral    = "BerriAI/litellm#21647"
	moonshot   = "MoonshotAI/kimi-code#1857"
	openRouter = "https://openrouter.ai/docs/errors"
	ollama     = "https://github.com/ollama/ollama/blob/v0.24.0/openai/openai.go"
	perplexity = "https://docs.perplexity.ai/guides/api-error-codes"
	together   = "https://docs.together.ai/docs/error-codes"
	volcengine = "https://www.volcengine.com/docs/82379/1299023"
	vllm       = "https://github.com/vllm-project/vllm/blob/main/vllm/entrypoints/openai/protocol.py"
	xAI        = "i-am-bee/beeai-framework#447"
	zAI        = "https://docs.z.ai/api-reference/api-code"
)

// codes maps the codes and types of servers, in lower case, to kinds. Codes that are no more
// exact than the status, such as invalid_request_error, are absent.
var codes = map[string]codeRow{
	"context_length_exceeded":          {llm.ContextLength, exact, openAI},
	"exceed_context_size_error":        {llm.ContextLength, exact, llamaCpp},
	"too_many_prompt_tokens":           {llm.ContextLength, exact, perplexity},
	"model_max_prompt_tokens_exceeded": {llm.ContextLength, exact, copilot},
	"base_resp 1039":                   {llm.ContextLength, exact, miniMax},

	"content_filter":                     {llm.ContentFilter, exact, azure},
	"responsibleaipolicyviolation":       {llm.ContentFilter, exact, azure}, // in innererror
	"content_policy_violation":           {llm.ContentFilter, exact, openAI},
	"moderation_blocked":                 {llm.ContentFilter, exact, openAI},
	"invalid_prompt":                     {llm.ContentFilter, exact, responses},
	"bio_policy":                         {llm.ContentFilter, exact, responses},
	"cyber_policy":                       {llm.ContentFilter, exact, responses},
	"image_content_policy_violation":     {llm.ContentFilter, exact, responses},
	"data_inspection_failed":             {llm.ContentFilter, exact, dashScope},
	"datainspectionfailed":               {llm.ContentFilter, exact, dashScope},
	"base_resp 1026":                     {llm.ContentFilter, exact, miniMax}, // the input
	"base_resp 1027":                     {llm.ContentFilter, exact, miniMax}, // the output
	"1301":                               {llm.ContentFilter, exact, zAI},
	"inputtextsensitivecontentdetected":  {llm.ContentFilter, exact, volcengine},
	"inputimagesensitivecontentdetected": {llm.ContentFilter, exact, volcengine},
	"outputtextsensitivecontentdetected": {llm.ContentFilter, exact, volcengine},
	"sensitivecontentdetected":           {llm.ContentFilter, exact, volcengine},

	"insufficient_quota":           {llm.Quota, exact, openAI},
	"billing_hard_limit_reached":   {llm.Quota, exact, openAI},
	"billing_not_active":           {llm.Quota, exact, openAI},
	"billing_error":                {llm.Quota, exact, anthropic},
	"usage_limit_reached":          {llm.Quota, exact, "https://github.com/openai/codex"},
	"exceeded_current_quota_error": {llm.Quota, exact, moonshot},
	"budget_exceeded":              {llm.Quota, exact, liteLLM},
	"arrearage":                    {llm.Quota, exact, dashScope},
	"allocationquota.freetieronly": {llm.Quota, exact, dashScope},
	"commoditynotpurchased":        {llm.Quota, exact, dashScope},
	"prepaidbilloverdue":           {llm.Quota, exact, dashScope},
	"postpaidbilloverdue":          {llm.Quota, exact, dashScope},
	"accountoverdueerror":          {llm.Quota, exact, volcengine},
	"base_resp 1008":               {llm.Quota, exact, miniMax},
	"base_resp 2056":               {llm.Quota, exact, miniMax}, // the limit of a plan
	"1113":                         {llm.Quota, exact, zAI},     // in arrears
	"1304":                         {llm.Quota, exact, zAI},     // the day's calls
	"1308":                         {llm.Quota, exact, zAI},     // the usage limit of a plan
	"1309":                         {llm.Quota, exact, zAI},     // an expired plan
	"insufficient_user_quota":      {llm.Quota, exact, "https://github.com/QuantumNous/new-api"},
	"insufficient_credits":         {llm.Quota, exact, openRouter},
	"payment_required":             {llm.Quota, exact, openRouter},

	"invalid_api_key":               {llm.Auth, exact, openAI},
	"api_key_invalid":               {llm.Auth, exact, gemini}, // with status 400
	"access_token_expired":          {llm.Auth, exact, google},
	"access_token_type_unsupported": {llm.Auth, exact, google},
	"invalidapikey":                 {llm.Auth, exact, dashScope},
	"invalid_authentication":        {llm.Auth, exact, openAI},
	"invalid_authentication_error":  {llm.Auth, exact, moonshot},
	"incorrect_api_key_error":       {llm.Auth, exact, moonshot},
	"base_resp 1004":                {llm.Auth, exact, miniMax},
	"base_resp 2049":                {llm.Auth, exact, miniMax},
	"unrecognizedclientexception":   {llm.Auth, exact, aws},
	"expiredtokenexception":         {llm.Auth, exact, aws},
	"authentication_error":          {llm.Auth, refinable, anthropic},
	"authenticationerror":           {llm.Auth, refinable, volcengine},
	"unauthenticated":               {llm.Auth, refinable, google},

	"model_deprecated":     {llm.Retired, exact, openAI},
	"model_decommissioned": {llm.Retired, exact, groq},

	"rate_limit_exceeded":              {llm.RateLimited, refinable, openAI},
	"rate_limit_error":                 {llm.RateLimited, refinable, anthropic},
	"resource_exhausted":               {llm.RateLimited, refinable, google},
	"rate_limit_reached_error":         {llm.RateLimited, refinable, moonshot},
	"rate_limited":                     {llm.RateLimited, refinable, mistral},
	"too_many_requests":                {llm.RateLimited, refinable, perplexity},
	"too_many_requests_error":          {llm.RateLimited, refinable, cerebras},
	"request_quota_exceeded":           {llm.RateLimited, refinable, cerebras},
	"token_quota_exceeded":             {llm.RateLimited, refinable, cerebras},
	"limit_requests":                   {llm.RateLimited, refinable, dashScope},
	"limit_burst_rate":                 {llm.RateLimited, refinable, dashScope},
	"throttling":                       {llm.RateLimited, refinable, dashScope},
	"throttling.ratequota":             {llm.RateLimited, refinable, dashScope},
	"throttling.allocationquota":       {llm.RateLimited, refinable, dashScope},
	"throttlingexception":              {llm.RateLimited, refinable, aws},
	"ratelimitexceeded":                {llm.RateLimited, refinable, volcengine},
	"base_resp 1002":                   {llm.RateLimited, refinable, miniMax},
	"base_resp 1041":                   {llm.RateLimited, refinable, miniMax},
	"1302":                             {llm.RateLimited, refinable, zAI},
	"1303":                             {llm.RateLimited, refinable, zAI},
	"some resource has been exhausted": {llm.RateLimited, refinable, xAI},

	"ip_not_authorized":                    {llm.Permission, exact, "https://developers.openai.com/api/docs/guides/ip-allowlist"},
	"permission_denied":                    {llm.Permission, refinable, google},
	"permission_error":                     {llm.Permission, refinable, anthropic},
	"permissiondenied":                     {llm.Permission, refinable, azureCodes},
	"accessdenied":                         {llm.Permission, refinable, dashScope},
	"accessdeniedexception":                {llm.Permission, refinable, aws},
	"data_residency_mismatch":              {llm.Permission, refinable, responses},
	"unsupported_country_region_code":      {llm.Permission, refinable, openAI},
	"unsupported_country_region_territory": {llm.Permission, refinable, openAI},
	"the caller does not have permission to execute the specified operation": {llm.Permission, refinable, xAI},

	"model_not_found":                 {llm.NotFound, refinable, openAI},
	"deploymentnotfound":              {llm.NotFound, refinable, azureCodes},
	"not_found_error":                 {llm.NotFound, refinable, anthropic},
	"not_found":                       {llm.NotFound, refinable, google},
	"resource_not_found_error":        {llm.NotFound, refinable, moonshot},
	"resourcenotfoundexception":       {llm.NotFound, refinable, aws},
	"modelnotfound":                   {llm.NotFound, refinable, dashScope},
	"invalidendpointormodel.notfound": {llm.NotFound, refinable, volcengine},
	"invalid_model":                   {llm.NotFound, refinable, perplexity},
	"model_not_available":             {llm.NotFound, refinable, together},
	"model_not_supported":             {llm.NotFound, refinable, copilot},
	"1211":                            {llm.NotFound, refinable, zAI},

	"not_supported_error":   {llm.Unsupported, refinable, llamaCpp},
	"unimplemented":         {llm.Unsupported, refinable, google},
	"operationnotsupported": {llm.Unsupported, refinable, azureCodes},

	"unavailable":                          {llm.Overloaded, refinable, google},
	"overloaded_error":                     {llm.Overloaded, refinable, anthropic},
	"engine_overloaded":                    {llm.Overloaded, refinable, openAI},
	"engine_overloaded_error":              {llm.Overloaded, refinable, moonshot},
	"serviceunavailableexception":          {llm.Overloaded, refinable, aws},
	"modelnotreadyexception":               {llm.Overloaded, refinable, aws},
	"serveroverloaded":                     {llm.Overloaded, refinable, volcengine},
	"1305":                                 {llm.Overloaded, refinable, zAI},
	"the service is currently unavailable": {llm.Overloaded, refinable, xAI},

	"deadline_exceeded":     {llm.Timeout, refinable, google},
	"timeout":               {llm.Timeout, refinable, openAI},
	"timeout_error":         {llm.Timeout, refinable, anthropic},
	"vector_store_timeout":  {llm.Timeout, refinable, responses},
	"modeltimeoutexception": {llm.Timeout, refinable, aws},
	"requesttimeout":        {llm.Timeout, refinable, dashScope},
	"base_resp 1001":        {llm.Timeout, refinable, miniMax},

	"cancelled": {llm.Server, refinable, google}, // with 499; not canceled by the caller, because the reply was read

	"server_error":              {llm.Server, lastResort, openAI},
	"internal_server_error":     {llm.Server, lastResort, openAI},
	"api_error":                 {llm.Server, lastResort, ollama},
	"internal":                  {llm.Server, lastResort, google},
	"internal_error":            {llm.Server, lastResort, vllm},
	"internalerror":             {llm.Server, lastResort, dashScope},
	"internalservererror":       {llm.Server, lastResort, vllm},
	"internalserverexception":   {llm.Server, lastResort, aws},
	"modelstreamerrorexception": {llm.Server, lastResort, aws},
	"base_resp 1000":            {llm.Server, lastResort, miniMax},
	"base_resp 1013":            {llm.Server, lastResort, miniMax},
	"base_resp 1024":            {llm.Server, lastResort, miniMax},
	"base_resp 1033":            {llm.Server, lastResort, miniMax},
	"base_resp 2013":            {llm.InvalidRequest, refinable, miniMax},
}
