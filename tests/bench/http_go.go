// Go's net/http with a map: http_go PORT PATH NAMES serves GET /v1/forward/NAME and batches of lines.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

var eids = map[string]string{}

type pair struct {
	Name string `json:"name"`
	Eid  string `json:"eid"`
}

func headers(w http.ResponseWriter, kind string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept")
	h.Set("ETag", `"0123456789abcdef"`)
	h.Set("Eidcache-Generation", "1")
	h.Set("Age", "1")
}

func single(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/v1/forward/")
	eid, there := eids[name]
	if !there {
		http.NotFound(w, r)
		return
	}
	headers(w, "application/json")
	body, _ := json.Marshal(pair{name, eid})
	w.Write(append(body, '\n'))
}

func batch(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("Content-Type") == "application/json" {
		var names []string
		json.Unmarshal(body, &names)
		results := make([]pair, len(names))
		for i, name := range names {
			results[i] = pair{name, eids[name]}
		}
		headers(w, "application/json")
		json.NewEncoder(w).Encode(map[string]any{"generation": 1, "results": results})
		return
	}
	headers(w, "text/plain; charset=utf-8")
	for _, name := range strings.Split(strings.TrimSuffix(string(body), "\n"), "\n") {
		io.WriteString(w, name+"\t"+eids[name]+"\n")
	}
}

func main() {
	file, err := os.Open(os.Args[3])
	if err != nil {
		panic(err)
	}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, eid, _ := strings.Cut(lines.Text(), " ")
		eids[name] = eid
	}
	http.HandleFunc("/v1/forward/", single)
	http.HandleFunc("/v1/forward", batch)
	local, err := net.Listen("unix", os.Args[2])
	if err != nil {
		panic(err)
	}
	go http.Serve(local, nil)
	panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
