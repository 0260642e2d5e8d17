typedef int eidc_net_http_curl_empty;
